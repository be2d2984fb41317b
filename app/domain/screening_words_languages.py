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
        r"\bno mas (?:mensaj|correo|llamad|text|sms|e ?mail|publicidad|recordatori)\w*|\bno (?:vuelvan?"
        r"|sigan?) a? ?(?:\w+ )?(?:envi|mand|escrib|llam|contact|molest)\w*|\bno (?:quiero|deseo) saber (?:mas"
        r"|nada)\b"
        r"|\b(?:no (?:me )?)(?:envi|mand)\w*me (?:mas|nada)\b|\bno (?:mas )?publicidad\b",
        r"\b(?:parenle|paren le|ya paren|parele)\b|\b(?:no|ni un|ningun|ningún) (?:\w+ )?(?:escriban|mensaje"
        r"|llamen|molesten|manden|envien)(?: \w+)? mas\b|\bno (?:autorizo|doy permiso|consiento)\b|\bhart\w+ (?:de"
        r"|con)\b<gap>\bmensaj\w*|\bni un mensaje\b|\bme estan hartando\b",
        r"\bparen? (?:ya|de (?:mandar|enviar|escribir|llamar|molestar)\w*)\b|\bya (?:no"
        r"|basta)(?: \w+){0,3} (?:mensaj|escrib|recordatori|text|correo"
        r"|llam)\w*|\bya basta\b|\bdejen?me (?:en paz|tranquil\w)|\bbasta de\b|\bno (?:me )?interesan? (?:recibir"
        r"|sus (?:mensaj|correo|promoc)\w*)"
        r"|\b(?:denme|dame|dar) de baja\b|\bborr\w+ (?:todos )?mis datos\b|\bquiten mi\b",
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
        r"<start>(?:stop |non |svp )?(?:arretez|arrete|cessez|stoppez)(?: svp| tout| ca| s il vous plait"
        r"| immediatement)?<end>|\bca suffit\b|\bharcelement\b|\bcess\w+ (?:tout|vos|ces|d|de)\b|\barret\w+ (?:vos"
        r"|ces|les|tout|ca|d)\b"
        r"|\bplus (?:aucun|de)<near>\b(?:envoi|message|mail|sms)\w*",
        r"\blachez moi\b|\betre (?:retire|desinscrit|supprime|radie)\w*\b|\bstop (?:pub|sms|mail)\b"
        r"|\bne m en envoyez plus\b|\bn envoyez plus\b|\bmessages? ne (?:m|nous) interess\w+\b",
        r"\bfoutez moi la paix\b|\b(?:laissez|laisse) (?:moi|nous) (?:tranquille|en paix)\b|\bassez (?:de"
        r"|avec)\b<gap>\b(?:message|sms|mail|texto|relance)\w*"
        r"|\bne (?:plus|pas) (?:me |nous |m )?(?:contacter|recevoir)\b|\bradi\w+ moi\b|\bdesinscri\w+"
        r"|\bdesabonn\w+|\bplus jamais\b<gap>\b(?:message|sms|mail)\w*",
        r"\bne (?:plus|pas) (?:m|me|nous) (?:ecrire|contacter|envoyer|appeler|relancer|deranger)\b",
    ),
    phrase(
        "opt_out.other_language",
        r"\bkeine? (?:nachrichten|mails?|e ?mails?|sms|werbung) mehr\b|\bhoren sie auf\b",
        r"\bnicht mehr (?:schreiben|kontaktieren)\b",
        r"\b(?:не|больше не|більше не) (?:пишите|пишіть|звоните|дзвоніть|беспокоите|турбуите|присылаите|надсилаите)\b",
        r"\bnao (?:me )?(?:mande|envie|ligue|quero (?:mais )?receber)\w*\b",
        r"\bpare de (?:me )?(?:mandar|enviar|ligar)\b|\bnon (?:scrivetemi|contattatemi|mandatemi)\b",
        r"\b(?:nehmen|streichen|entfernen|loschen)<gap>\bmich\b|\bwiderrufe?\b<gap>\b(?:einwilligung|zustimmung)\b"
        r"|\bschreiben sie\b<gap>\bnicht mehr\b|\bstop met\b|\buitschrijven\b|\bafmelden\b|\bgeen (?:berichten|sms"
        r"|mail)\w* meer\b"
        r"|\b(?:me )?tir[ae]m?\b<gap>\blista\b|\bchega de\b|<start>parem?<end>|\bremov\w+ (?:meu|o meu)\b"
        r"|\bniet meer\b<gap>\b(?:contact|sms|bellen|mailen|bericht)\w*",
        r"\bschluss mit\b|\bnichts mehr (?:von|horen|schicken|bekommen)\b|\bfermatevi\b|\brimuov\w+ (?:il )?(?:mio"
        r"|mi)\b|\bsair d(?:a|esta|essa|este) (?:lista|grupo)\b|\bpara de (?:mandar|enviar|me)\b|\blasst mich\b"
        r"|\bbasta (?:sms|messaggi|mensagens)\b",
        r"\bcancellatemi\b|\bbasta (?:con|di|coi|de)\b|\bsmettetela\b|\bsmett\w+ di\b|\bnon (?:voglio"
        r"|desidero)(?: \w+)? (?:ricevere"
        r"|messaggi|essere contattat\w)\b|\b(?:toglietemi|rimuovetemi|lasciatemi (?:in pace|stare))\b"
        r"|\bnon (?:mi )?(?:scriv|contatt"
        r"|mand|chiam)\w+ (?:piu)\b|\bdisiscriv\w+",
        r"\b(?:parem?|chega|deixem?) de (?:me )?(?:mand|envi|ligar|escrev|perturb|incomod)\w*|\bnao (?:quero"
        r"|desejo)(?: \w+){0,2} (?:receber"
        r"|mensagens|contato)\b|\b(?:tirem?|removam?|retirem?|remova)(?: \w+){0,2} (?:da|de|do) (?:sua "
        r"|vossa )?(?:lista|cadastro|base)\b|\bdescadastr\w+"
        r"|\bme (?:tire|tirem|deixem? em paz)\b|\bnao me (?:contat|incomod|escrev|perturb)\w+",
        r"\b(?:bitte )?(?:nicht|nie) (?:mehr|wieder) (?:an)?(?:schreib|kontaktier|melden|ruf|schick|send|nerv"
        r"|textet?)\w*|\baus (?:ihrem|dem|eurem|der) "
        r"(?:verteiler|liste|newsletter)\b|\b(?:will|mochte) (?:ich )?keine?\b<gap>\b(?:mehr|erhalten|bekommen)\b"
        r"|\bhort? auf\b<gap>\b(?:schreib|send|schick"
        r"|nerv|mir)\w*|\b(?:abmelden|austragen|streichen sie mich|loschen sie mich)\b",
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
        r"\b(?:mejilla|cara|cachete)\b<near>\bcomo (?:una?|un) (?:pelota|globo|huevo|naranja)\b|\b(?:cay|golpe"
        r"|accident|rompi|romp)\w*<far>\b(?:dientes?|mandibula|quijada|boca)\b|\b(?:pus|infeccion"
        r"|absceso)\b<far>\b(?:fiebre|39|40|cuello)\b"
        r"|\b(?:ya )?no quiero (?:vivir|seguir)\b|\bllevo sangrando\b|\bayuda (?:ya|urgente|por favor)\b"
        r"|\b(?:mandibula|quijada)\b<near>\brot[ao]\b|\bnecesito ayuda\b|\burgente\b<far>\b(?:dolor|sangr|hinch"
        r"|muela)\w*",
        r"\bme (?:golpe|cai|pegaron)\w*<far>\b(?:diente|boca|mandibula|muela)s?\b|\bduele (?:mucho|tanto"
        r"|bastante)<far>\b(?:dormir|comer|fiebre|hinch|desde|aguant)\w*"
        r"|\bme estoy (?:ahogando|desangrando|asfixiando)\b|\b(?:estoy|esta) sangrando\b|\b(?:cuesta|dificultad"
        r"|problemas)<near>\b(?:respirar|tragar)\b|\bme muero de(?:l)? dolor\b"
        r"|\bes una (?:emergencia|urgencia)\b|\b(?:tome|tomo|trague)\b<gap>\b(?:muchas|demasiadas"
        r"|todas) (?:las )?(?:pastillas|pildoras)\b|\bhinchazon\b<far>\b(?:ojo|cuello|fiebre|peor|cara)\b",
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
        r"\brage de dents?\b|\bdouble\w* de volume\b|\b(?:casse|cassee|perdu|sortie?|arrache"
        r"|expulse)\w*<gap>\bdents?\b<gap>\b(?:tombant|chute|velo|lait|entiere)\b|\bdents?\b<gap>\b(?:sortie|lait"
        r"|tombant|en deux)\b|\bcasse\w* (?:deux|une|ses|les|la) dents?\b<gap>\b(?:tomb|chut|vel|accident)\w*"
        r"|\bmachoire\b<gap>\bcassee?\b|\bj ai envie d en finir\b|\b(?:souffre|mal)<near>\b(?:martyre|enfer"
        r"|mort)\b|\b(?:oeil|œil|yeux)\b<gap>\b(?:ferme|gonfle)\w*|\bgonflement\b|\bplus envie de vivre\b"
        r"|\bfievre\b<far>\b(?:pus|extraction|operation)\b",
        r"\b(?:atrocement|horriblement|terriblement|enormement|super|tellement) mal\b|\bmal\b<far>\b(?:pas dormi"
        r"|insupportable|ne dort|plus dormir)\b"
        r"|\bc est une urgence\b|\b(?:saigne|saignement)\w*<far>\b(?:depuis|arrete|heures|stopp)\w*|\b(?:j ai"
        r"|a) (?:pris|avale)<gap>\b(?:trop|toute la boite|cachets)\b"
        r"|\b(?:tombe|coup|choc|accident)\w*<far>\b(?:dents?|machoire)\b|\b(?:etouffe|m etouffe)\b"
        r"|\bjoue<far>\b(?:doublee?|enfle|gonfle)\w*",
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
        r"\b(?:muita|bastante) dor\b|\bdor (?:insuportavel|muito forte|terrivel|horrivel|intensa)\b"
        r"|\bnao para de sangrar\b"
        r"|\b(?:inchad|inchac)\w+<far>\b(?:febre|rosto|cara|pescoco|olho)\b|\bsangr\w+<gap>\b(?:muito|sem parar"
        r"|nao para)\b|\bdoi (?:muito|demais)\b",
        r"\bnao (?:consigo|consegue) (?:respirar|engolir|abrir a boca|dormir)\b|\bquero morrer\b|\bme matar\b",
        r"\b(?:dificuldade|falta)<near>\b(?:respirar|engolir|ar)\b|\bfebre\b<far>\b(?:pus|dente|inchad\w)\b"
        r"|\b(?:pus|dente)\b<far>\bfebre\b|\bquebrei\b<near>\b(?:queixo|dente|mandibula|maxilar)\b|\bnao (?:quero"
        r"|aguento) mais (?:viver|a dor|de dor)\b|\bbat\w+<far>\bdentes?\b",
        r"\b(?:emergenza|urgenza)\b<far>\b(?:sangu|dolor|gonf|dent)\w*|\bnon (?:smette"
        r"|si ferma)<near>\bsanguinare\b|\bdente\b<near>\b(?:cadendo|caduto|caduta)\b|\b(?:caduto|caduta|cadendo"
        r"|incidente)\b<far>\bdent\w+|\bfebbre\b<far>\b(?:dente|bocca|gonf|ascesso|pus)\w*|\b(?:bocca|dente|gonf"
        r"|ascesso|pus)\w*\b<far>\bfebbre\b",
        r"\b(?:schlecht|keine|kaum|wenig)<near>\bluft\b|\b(?:fieber|eiter)\b<far>\b(?:dicke|backe|zahn|op"
        r"|schwell\w*)\b|\b(?:dicke|geschwollene) (?:backe|wange|gesicht)\b|\bzahn\b<gap>\b(?:ausgeschlagen"
        r"|rausgefallen|abgebrochen<near>sturz)\b|\bnotfall\b|\bhalte<near>\bschmerzen\b<near>\bnicht\b"
        r"|\bnicht mehr (?:leben|aushalten)\b",
        r"\bdolor\w* (?:insopportabil\w|fortissim\w|atroc\w|terribil\w)\b|\b(?:viso|faccia|guancia|gola"
        r"|occhio)\b<gap>\bgonfi\w*|\bgonfi\w*<gap>\b(?:viso|faccia"
        r"|guancia|gola|lingua)\b|\b(?:non riesco|non riesce) a (?:respirare|deglutire|ingoiare|aprire|dormire)\b"
        r"|\bsanguin\w+<gap>\b(?:non|ancora|molto|tanto)\b"
        r"|\bmale (?:da morire|tantissimo|cane)\b|\bvoglio morire\b|\bfa malissimo\b",
        r"\b(?:kann|bekomme|kriege)<near>\b(?:nicht|kaum|keine)<near>\b(?:atmen|schlucken|luft|offnen|schlafen)\b"
        r"|\b(?:wahnsinnige|furchtbare|schreckliche|hollische"
        r"|extreme|unglaubliche)\w? (?:zahn)?schmerzen\b|\bblut\w*<gap>\b(?:hort nicht|die ganze|seit stunden)\b"
        r"|\b(?:zahn|zahne)\b<gap>\bausgeschlagen\b"
        r"|\bschwellung\b<gap>\b(?:fieber|auge|hals)\b|\bfieber\b<gap>\b(?:schwell|geschwoll|zahn)\w*"
        r"|\bwill (?:nicht mehr leben|sterben)\b"
        r"|\b(?:wange|gesicht|backe|kiefer) ist (?:ganz |total |stark |so |sehr )?(?:dick|angeschwollen)\b",
    ),
)
