"""Refusals and dangers in Spanish, French and, sparsely, other languages (agent.md sections 1 and 4)."""

from app.domain.phrases import phrase
from app.domain.screening_words_calm import PAST

OPT_OUT_ABROAD = (
    phrase(
        "opt_out.spanish",
        r"\bno (?:quiero|deseo|queremos|deseamos)(?: \w+)? recibir\b|\bquit(?:ar|en|a)(?:me)?<near>\b(?:de"
        r"|mi)\b<near>\b(?:lista|numero|base)\b",
        r"\bno (?:me|nos)(?: vuelvan? a| sigan?)? ?(?:mand|envi|escri[bv]|llam|contact|molest"
        r"|text)\w+\b(?! la semana)",
        r"\bdej(?:en|a|e|ar|ad) de (?!doler|sangrar)(?:\w*me|\w*nos|mandar|enviar|molestar|escribir|llamar)\b",
        r"\bno (?:quiero|deseo|queremos)(?: recibir)?(?: mas| sus| estos)+ (?:mensajes|correos|llamadas|textos"
        r"|emails)\b",
        r"\bno mas (?:mensajes|correos|llamadas|textos)\b|\b(?:borr|quit|elimin|saqu|sac)\w*me\b",
        r"\b(?:borr|quit|elimin)\w+ mi (?:numero|nombre|correo)\b",
        r"\bparen? (?:ya|de (?:mandar|enviar|escribir|llamar)\w*)\b",
    ),
    phrase(
        "opt_out.french",
        r"\bme (?:retirer|desabonner|desinscrire|enlever|supprimer)\b|\bretir\w+<gap>\bliste\b|\bne (?:plus"
        r"|pas) (?:rien )?recevoir\b",
        r"\b(?:arret\w+|cess\w+|stop\w*) (?:de |d )(?:(?:m|me|nous) )?(?:envoyer|ecrire|contacter|appeler|texter"
        r"|harceler|deranger|relancer)\b",
        r"\bne (?:me|nous|m) (?:contact|ecriv|appel|envoy|derang|text|relanc|sollicit)\w+ (?:plus|pas)\b",
        r"\bplus (?:de|aucun) (?:messages?|courriels?|textos?|mails?|e ?mails?|sms|relances?|rappels?)\b",
        r"\b(?:retir|enlev|supprim|effac)\w+ (?:moi|mon|mes|nous)\b",
        r"\bne (?:veux|souhaite) plus (?:recevoir|etre|de)\b",
        r"\bne (?:plus|pas) (?:m|me|nous) (?:ecrire|contacter|envoyer|appeler|relancer|deranger)\b",
    ),
    phrase(
        "opt_out.other_language",
        r"\bkeine? (?:nachrichten|mails?|e ?mails?|sms|werbung) mehr\b|\bhoren sie auf\b",
        r"\bnicht mehr (?:schreiben|kontaktieren)\b",
        r"\bnao (?:me )?(?:mande|envie|ligue|quero (?:mais )?receber)\w*\b",
        r"\bpare de (?:me )?(?:mandar|enviar|ligar)\b|\bnon (?:scrivetemi|contattatemi|mandatemi)\b",
        r"\bcancellatemi\b",
    ),
)

EMERGENCY_ABROAD = (
    phrase(
        "emergency.spanish",
        r"\bsangr\w+<gap>\bno (?:se detiene|para|deja)\b|\bsin parar\b<gap>\bsangr\w+|\bno (?:soporto"
        r"|aguanto) (?:el|este) dolor\b",
        r"\bfiebre\b<far>\b(?:encia|inflamad\w+)\b|\binflamad\w+<gap>\bfiebre\b",
        r"\b(?:cara|mejilla|mandibula|boca|lengua|cuello|ojo|labios?|garganta|cachete)\b<gap>\b(?:hinch|inflam)\w+",
        r"\b(?:hinch|inflam)\w+<gap>\b(?:cara|mejilla|mandibula|boca|lengua|cuello|ojo|labios?|garganta|cachete)\b",
        r"\bno (?:puedo|puede|logro)(?: ni)? (?:tragar|respirar|abrir la boca|dormir (?:del|por el) dolor)\b",
        r"\bno (?:para|deja|paro|ha parado) de sangrar\b|\bsangr\w+ (?:mucho|muchisimo|sin parar|demasiado)\b",
        r"\bsangrado\b<gap>\bno (?:para|se detiene)\b|\bmucha sangre\b",
        r"\bdolor\b<near>\b(?:insoportable|muy fuerte|fuertisimo|terrible|horrible|intenso|severo|insufrible)\b",
        r"\bduele (?:muchisimo|horrible|demasiado)\b|\bno aguanto\b|\bdientes?\b<gap>\bgolpe\b",
        r"\bgolpe\b<gap>\bdientes?\b|\bse (?:me|le) (?:cayo|rompio|salio)<near>\bdientes?\b",
        r"\bfiebre\b<gap>\b(?:hinch|absceso|muela|infec|diente)\w*|\b(?:absceso|muela|infec\w*)\b<gap>\bfiebre\b",
        r"\bquiero morir\w*|\bmatarme\b|\bsuicid\w+|\bquitarme la vida\b|\bsobredosis\b",
        unless=(
            *PAST,
            r"\b(?:que hacen si|atienden|en caso de)\b",
        ),
    ),
    phrase(
        "emergency.french",
        r"\bsaign\w+<gap>\bsans (?:arret|cesse)\b|\bne supporte plus\b<gap>\bdouleur\b",
        r"\b(?:joues?|visage|machoire|gorge|langue|bouche|oeil|levres?)\b<gap>\b(?:gonfl|enfl)\w+",
        r"\b(?:gonfl|enfl)\w+<gap>\b(?:joues?|visage|machoire|gorge|langue|oeil|levres?)\b",
        r"\b(?:peux|peut|arrive|parviens)(?: (?:pas|plus))(?: a)? (?:respirer|avaler|ouvrir la bouche)\b",
        r"\bjoues? (?:est |qui )?(?:tres |vraiment )?(?:enorme|enflammee?)\b|\bmal\b<gap>\bne dors (?:plus|pas)\b",
        r"\bdu mal a (?:respirer|avaler)\b",
        r"\bsaign\w+<gap>\b(?:arrete pas|beaucoup|sans arret|toujours|enormement)\b|\barrete pas de saigner\b",
        r"\bdouleurs?\b<near>\b(?:atroces?|insupportables?|horribles?|intenses?|terribles?|severes?"
        r"|insoutenables?)\b",
        r"\b(?:horriblement|atrocement|tres tres) mal\b|\bmal a (?:en )?(?:hurler|mourir|crever|pleurer)\b",
        r"\bdents? (?:cassee|arrachee|tombee|delogee|expulsee)s?\b<far>\b(?:chute|coup|tombe|accident)\w*",
        r"\bfievre\b<gap>\b(?:gonfl|abces|dent|infect|joue)\w*|\b(?:abces|dent|joue)\b<gap>\bfievre\b",
        r"\bme suicider\b|\benvie de mourir\b|\ben finir avec la vie\b",
        unless=(
            *PAST,
            r"\b(?:que faites vous si|en cas de|traitez vous)\b",
        ),
    ),
    phrase(
        "emergency.other_language",
        r"\b(?:gesicht|wange|backe|kiefer)\b<gap>\bgeschwollen\b",
        r"\b(?:starke|schlimme|unertragliche) (?:zahn)?schmerzen\b|\bhort nicht auf zu bluten\b",
        r"\bblutet (?:stark|immer noch)\b|\b(?:rosto|cara|bochecha)\b<gap>\binchad\w+",
        r"\bdor (?:insuportavel|muito forte|terrivel)\b|\bnao para de sangrar\b",
        r"\bnao consigo (?:respirar|engolir)\b|\bdolore (?:insopportabile|fortissimo|atroce)\b|\bviso gonfio\b",
    ),
)
