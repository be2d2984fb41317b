"""Wordings of a yes and of a no that say what they mean only with the question that they answer (agent.md section"
" 1)."""

from app.domain.phrases import Phrase, phrase

AGREES: tuple[Phrase, ...] = (
    phrase(
        "agrees",
        r"\b(?:that|it|this|which) (?:would be|will be|is|sounds?|works) (?:\w+ )?(?:great|good|nice|lovely"
        r"|perfect|fine|ideal|wonderful"
        r"|brilliant|helpful|ok|super|fantastic|awesome|best)\b|<start>(?:sounds|that works|would be) (?:great"
        r"|good|nice|lovely|perfect"
        r"|fine|like a plan)\b|\b(?:sounds like a plan|fine by me|fine with me|ok by me|ok with me|works for me"
        r"|good with me|happy to|glad to)\b",
        r"<start>(?:ok |oh |well |alright |yes |sure |hey |then |and |so )*(?:please do|do it|do that|do so|go on"
        r"|go for it|go ahead|make it so|lock it in|bring it on"
        r"|by all means|of course|for sure|why not|you bet|you got it|you win|lets go+|let us go+|definitely"
        r"|absolutely|deal|game on|count on it"
        r"|with pleasure|sure thing|send (?:it|link|that|away|over)\w*|link|book (?:it|away))\b",
        r"\bi (?:guess|suppose) (?:so|i (?:should|could|can|will|must|have to)|we should)\b|\b(?:do not"
        r"|can not) see why not\b|\bwhy would ?(?:not i|i not)\b"
        r"|\bcan not say no\b|\bwould not say no\b|\bcan not hurt\b|\bno (?:objections?|problem)<end>"
        r"|\btwist(?:ed)? my arm\b|\b(?:you|that) (?:have )?(?:convinced|sold|got|talked)"
        r" me\b|\bsold<end>|\bi am (?:in|game|down|up for (?:it|that)|keen|ready|sold|on board)\b|\bready (?:when"
        r"|to (?:go|face|do|get))\b",
        r"\b(?:yes|yeah|yep|yup|ye|yeh|yh|ya|sure|si|oui|ja|sim)(?: \w+)? (?:please|pls|plz|go|mam|maam|sir|thanks"
        r"|of course|definitely|absolutely|sure|indeed|do|lets|very)\b"
        r"|\b(?:so|but|then|and|ok|well|finally|nervous) (?:\w+ )?(?:yes|yeah|sure|ok)(?: please| when| then"
        r"| why not)?<end>",
        r"\bnot at all\b|\bdo not mind (?:at all|seeing|that|if)\b|\bno (?:i )?(?:do not|would not) mind\b"
        r"|\b(?:lock|get|sort|set) (?:it|that|one) (?:in|up|done|sorted)\b",
        r"<start>(?:de acuerdo|claro(?: que si)?|por supuesto|dale|con gusto|me interesa|vale|bueno|perfecto"
        r"|encantad\w|d accord|avec plaisir|volontiers|je veux bien|bien sur"
        r"|oui je veux bien|gerne|ja bitte|ja gern\w*|einverstanden|certo|volentieri|va bene|si grazie|pode ser"
        r"|com certeza|sim por favor|claro que sim|pode)\b",
        unless=(
            r"\b(?:not (?:great|good|ideal|perfect|fine)|do not (?:book|send|go)|unless|as if|yeah right"
            r"|sure , (?:right|if)|but (?:not|no|i do not)"
            r"|no (?:problem|worries) (?:thanks|we)|happy to (?:stay|wait|answer|help)|thanks for|perfect as"
            r"|just not)\b",
        ),
    ),
)

DISAGREES: tuple[Phrase, ...] = (
    phrase(
        "disagrees",
        r"<start>(?:i |we )?(?:guess|suppose|think|am afraid|probably|definitely|absolutely|maybe|certainly"
        r"|possibly|rather|really|sadly|unfortunately|sorry|hmm|um)? ?not(?: really"
        r"| particularly| especially| necessarily| exactly| so| for me| for us| keen| likely| thanks| today"
        r"| happening| interested)?<end>",
        r"<start>(?:i |we )?doubt it\b|<start>(?:very |highly )?unlikely<end>|\b(?:most likely|probably|likely"
        r"|prolly|afraid) (?:not|no)\b|\bit is a no\b|\ba no from (?:me|us)\b"
        r"|\b(?:she|he|they|wife|husband|we) (?:says?|said) no\b|\bno (?:point|ta|ty|bruh|bro|way jose)\b"
        r"|\bnot (?:keen|fussed|bothered|sold|convinced|up for|worth)\b"
        r"|\b(?:nah|nope|naw)\b|\bleave it\b|\b(?:forget|drop|skip) (?:it|about it|this|that|me)\b|<start>(?:ah "
        r"|oh |actually )?(?:never ?mind|nvm|later|pass|no ta|meh|forget it)<end>",
        r"<start>(?:nein|non|no)(?: danke| merci| grazie| gracias| obrigad\w| ty| ta| thx)\b|\b(?:por"
        r"|per) (?:el momento|ora|agora|enquanto) no[nw]?\b|\bagora nao\b|\bim moment nicht\b",
        unless=(r"\b(?:not really sure|no problem|nope just|never mind (?:my|the|that|what)|not sure)\b",),
    ),
)
