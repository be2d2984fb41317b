"""The commonest wordings of each wish in Spanish, French, German, Italian and Portuguese (agent.md section 4).

English comes first; these catch what is plain, the rest goes to a person. Opt-outs and emergencies are screened apart.
"""

from app.domain.phrases import Phrase, phrase

BOOKING_ABROAD: tuple[Phrase, ...] = (
    phrase(
        "booking.abroad",
        r"\b(?:quiero|quisiera|necesito|me gustaria|querria|podria|puedo|deseo|ocupo)\b<gap>\b(?:cita|hora|turno"
        r"|venir|ir|agendar|reservar|consulta|limpieza|sacar|pedir|revision|verme|doctor|muela|diente)\b|\b(?:dan"
        r"|dame|deme|tienen?|hay|tendran|habra)\b<gap>\b(?:cita|hora|turno|hueco|espacio|disponib\w+|libre|lugar"
        r"|horarios?|algo)\b|\bque (?:dias?|horas?|horarios?)\b<gap>\b(?:tienen|hay|libre|disponib\w*)\b"
        r"|\b(?:enlace|link)\b<near>\b(?:por favor|favor|otra vez)\b|\bcuando (?:puedo|podria|es lo mas|tengan"
        r"|pueden)\b|\b(?:si|claro|dale)[ ,]+(?:por favor|quiero|me interesa|gracias|reserv\w*|agend\w*)\b|\b(?:lo"
        r"|la) antes posible\b|\bse me (?:cayo|rompio|salio)<near>\b(?:empaste|corona|tapadura|resina)\b",
        r"\b(?:voudrais|souhaite|souhaiterais|veux|aimerais|besoin|faut|faudrait|prendre|possible|avoir|pour"
        r"|ok pour)\b<gap>\b(?:rendez vous|rdv|venir|consult\w+|creneau|detartrage|controle|prendre)\b(?! (?:de"
        r"|du) )|\b(?:peux|puis|pourrais|peut|pourrait|pouvez)(?: je| on| nous| vous)?(?: me)? (?:venir|passer"
        r"|avoir|prendre|voir|recevoir)\b|\b(?:avez vous|vous avez|auriez vous|il y a|reste)\b<gap>\b(?:place"
        r"|creneau\w*|disponib\w*|rdv|libre|heure)\b|\b(?:quand|quelles? (?:dates?|heures?))\b<gap>\b(?:venir"
        r"|libre|possible|disponib\w*|pouvez|passer)\b|\b(?:envoyez|donnez)<near>\blien\b|\ble plus tot\b"
        r"|\bperdu (?:un|une|mon|ma) (?:plombage|couronne)\b|\bdent\b<gap>\bcassee?\b<far>\b(?:montrer|voir"
        r"|pas (?:de )?(?:mal|douleur))\b|\boui[ ,]+(?:s il|svp|volontiers|avec|bien|je|merci|d accord|quand)\b",
        r"\b(?:termin|kontrolle|zahnreinigung|untersuchung)\b<gap>\b(?:vereinbaren|ausmachen|haben|machen|bekommen"
        r"|buchen|frei|nachste|bitte|gern\w*|brauche|hatte)\b|\b(?:hatte|mochte|brauche|hatten|haben|wurde|bekomme"
        r"|konnte|kann)\b<gap>\b(?:termin|frei|vorbeikommen|zahnreinigung|kontrolle|kommen)\b(?! nicht)"
        r"|\bwann (?:kann|konnte|haben|ware|geht)\b|\b(?:noch|etwas|was) frei\b|\bja[ ,]+(?:bitte|gern\w*|das)\b",
        r"\b(?:vorrei|posso|potrei|avrei bisogno|mi serve|avete|quando)\b<gap>\b(?:appuntament\w*|prenotare|venire"
        r"|visita|posto|controllo|disponib\w*|liber\w*|pulizia)\b|\b(?:gostaria|queria|quero|preciso|posso|tem"
        r"|tinha|quando)\b<gap>\b(?:marcar|consulta|agendar|horario|vaga|vir|limpeza|vago|disponivel|posso)\b"
        r"|\bsi[ ,]+(?:grazie|volentieri|certo|prego)\b|\bsim[ ,]+(?:por favor|quero|claro|pode)\b",
        unless=(
            r"\b(?:no (?:quiero|necesito|puedo)|cuanto|precio|ne (?:veux|souhaite|peux)|non (?:posso|voglio)"
            r"|nao (?:posso|quero)|nicht|cambiar|mover|deplacer|decaler|reporter|verschieben|spostare|remarcar"
            r"|cancelar|anular|annuler|absagen|disdire|desmarcar|combien|tarif|aceptan|factura|facture)\b",
        ),
    ),
)

CANCEL_ABROAD: tuple[Phrase, ...] = (
    phrase(
        "cancel.abroad",
        r"\b(?:cancel\w+|anul\w+|borr\w+|quit\w+|elimin\w+)<gap>\b(?:cita|hora|turno|consulta|visita)\b|\b(?:tengo"
        r"|debo|necesito|quiero|hay) que (?:cancelar|anular)\b|\b(?:ya )?no (?:necesito|quiero"
        r"|hace falta)<near>\b(?:cita|hora|turno)\b|\bno (?:podre|voy a poder|puedo|podemos|podremos|ire|iremos"
        r"|voy a|vamos a|podra|llego)(?: \w+)? ?(?:ir|asistir|llegar|venir|acudir|presentar\w*|manana|hoy)?(?= ["
        r"|,]|<near>(?:cita|manana|hoy|martes|lunes|jueves|viernes|miercoles|sabado))",
        r"\b(?:annul\w+|supprim\w+|decommand\w+)<gap>\b(?:rendez vous|rdv|consultation|visite|le|demain)\b"
        r"|\b(?:dois|faut|veux|voudrais|souhaite) annuler\b|\b(?:plus besoin|pas besoin) (?:de|du) (?:mon "
        r"|ce )?(?:rendez vous|rdv)\b|\b(?:ne|n) (?:pourrai|peux|viens|viendrai|serai|pourrons|viendra|peut"
        r"|serons)(?: \w+)? (?:pas|plus)(?: (?:venir|etre|la|demain|honorer))?\b|\bje ne viens (?:pas|plus)\b"
        r"|\bempechement\b",
        r"\b(?:termin|treffen)\b<gap>\b(?:absagen|stornieren|canceln|streichen|loschen|nicht wahrnehmen)\b"
        r"|\b(?:muss|mochte|will)\b<gap>\babsagen\b|\b(?:kann|konnen|schaffe)\b<gap>\bnicht (?:kommen|erscheinen"
        r"|da sein|einhalten)\b|\bschaffe (?:es|das)<near>\bnicht\b|\bsage\b<gap>\bab<end>",
        r"\b(?:disdire|disdico|annullare|annullo|cancellare|cancello)\b|\bnon (?:posso|riesco|potro"
        r"|riusciro) (?:a )?(?:venire|esserci)\b|\b(?:desmarcar|cancelar|desmarco|cancelo)\b<gap>\b(?:consulta"
        r"|horario|hora|visita|amanha|marcacao)\b|\bnao (?:posso|vou poder|poderei|consigo|vou) (?:ir|comparecer"
        r"|estar)\b",
        unless=(
            r"\b(?:no cancel\w+|n annulez pas|nicht (?:absagen|stornieren)|non (?:annullat|cancellat)\w+"
            r"|nao cancel\w+|suscripcion|mensaj\w+|numero)\b",
        ),
    ),
)

MOVE_ABROAD: tuple[Phrase, ...] = (
    phrase(
        "reschedule.abroad",
        r"\b(?:cambi\w+|mov(?:er|erla|erlo|emos|an|er)\w*|mueva\w*|pasar(?:la|lo|me|nos)?|reprogram\w+|aplaz\w+"
        r"|pospon\w+|adelant\w+|reagend\w+|corr(?:er|an)la?)\b<gap>\b(?:cita|hora|dia|fecha|turno|para|al|a la|la"
        r"|otro|otra)\b|\botr[ao] (?:dia|hora|fecha|semana|horario|momento)\b|\b(?:mas (?:tarde|temprano)"
        r"|una hora (?:antes|despues|mas))\b|\bme equivoque de (?:dia|fecha|hora)\b|\bmejor (?:el|la|otr\w|manana"
        r"|el) \w+|\bno puedo (?:el )?(?:lunes|martes|miercoles|jueves|viernes|sabado|manana)[^|]{0,20}(?:\?|el "
        r"|puede)",
        r"\b(?:deplac\w+|report\w+|decal\w+|chang\w+|avanc\w+|repouss\w+|modifi\w+)\b<gap>\b(?:rendez vous|rdv"
        r"|heure|date|jour|le|la|a|au|mon|d|\?)\b|\b(?:peut on|pourrait on|possible de"
        r"|est ce qu on peut) (?:reporter|decaler|deplacer|changer|avancer)\b|\b(?:un |une )?autre (?:jour|date"
        r"|heure|creneau|moment)\b|\bplus (?:tard|tot)\b<gap>\b(?:dans|jour|semaine|heure|possible|\?)"
        r"|\btrompee? de (?:date|jour|heure)\b|\bne (?:peux|pourrai) pas (?:lundi|mardi|mercredi|jeudi|vendredi"
        r"|samedi|demain)\b[^|]*(?:possible|\?|plutot)",
        r"\b(?:termin|treffen)\b<gap>\b(?:verschieben|verlegen|andern|umbuchen|tauschen|vorziehen)\b"
        r"|\b(?:verschieben|verlegen|umbuchen)\b|\b(?:anderen?|neuen?) (?:tag|termin|uhrzeit|zeit)\b|\b(?:spater"
        r"|fruher) (?:kommen|moglich|gehen)\b",
        r"\b(?:spostare|spostiamo|rimandare|posticipare|anticipare|cambiare)\b<gap>\b(?:appuntament\w*|a|al|giorno"
        r"|ora|visita|la|lo)\b|\bun altro (?:giorno|orario|momento)\b|\b(?:remarcar|adiar|mudar|trocar|reagendar"
        r"|antecipar|passar)\b<gap>\b(?:consulta|horario|para|dia|hora|pra|minha|\?)|\boutr[oa] (?:dia|hora"
        r"|horario|data)\b",
        unless=(r"\b(?:mensaj\w+|numero|correo|direccion)\b",),
    ),
)

DENIAL_ABROAD: tuple[Phrase, ...] = (
    phrase(
        "denial.abroad",
        r"\bno (?:me|nos) (?:interesa|hace falta|apetece)\b|\bno (?:quiero|necesito|deseo)(?: \w+)? ?(?:cita|ir"
        r"|venir|nada|limpieza|ninguna|revision|tratamiento)?(?= [|,]|<near>(?:gracias|por ahora|cita))"
        r"|\bno (?:tengo (?:dinero|tiempo|plata)|puedo pagar|voy|por ahora|hace falta|gracias)\b|\b(?:ahora"
        r"|ahorita|por ahora|de momento|por el momento|todavia|este ano) no\b|\b(?:el (?:proximo )?ano que viene"
        r"|mas adelante|lo dejo|en otra ocasion|otro ano)\b|\b(?:muy|demasiado) caro\b|\b(?:ya (?:me|tengo|fui|voy"
        r"|lo hice|la hice|no vivo))<gap>\b(?:dentista|atiend\w*|otr[ao]|clinica|limpieza|alla|aqui)\b|\bme mude\b"
        r"|\b(?:otro|otra) (?:dentista|clinica|lado)\b|\bme da (?:mucho )?miedo\b|\bcuando tenga (?:seguro|dinero"
        r"|tiempo)\b",
        r"\b(?:ca|cela) ne (?:m|nous) interesse (?:pas|plus)\b|\b(?:pas|plus) (?:interess\w+|besoin|maintenant"
        r"|pour (?:l instant|le moment)|envie|le temps|les moyens|cette annee|tout de suite)\b|\bne (?:souhaite"
        r"|veux|desire) (?:pas|plus)\b(?! (?:recevoir|de (?:message|sms|mail)))|\bn (?:en ai|ai) pas (?:besoin"
        r"|les moyens|le temps|envie)\b|\btrop (?:cher|peur|loin|occupe\w*)\b|\b(?:suivie?|soigne\w*|soigner"
        r"|autre dentiste|chez un autre) (?:ailleurs|dentiste)?\b(?=[^?]*$)|\bailleurs\b|\bdemenage\w*"
        r"|\bdeja (?:fait|un dentiste|vu|suivi)\b|\bl annee prochaine\b|\bprefere (?:attendre|ne pas)\b"
        r"|\b(?:non merci|sans facon)\b|\bon verra\b<gap>\b(?:apres|plus tard|pas avant)\b",
        r"\b(?:nein danke|kein interesse|nicht (?:interessiert|notig|jetzt|im moment)|im moment nicht"
        r"|zur ?zeit nicht|momentan nicht|derzeit nicht|zu teuer|spater vielleicht|brauche (?:ich )?(?:keinen?"
        r"|nicht))\b|\b(?:schon|bereits|anderen|neuen) (?:einen )?(?:neuen |anderen )?(?:zahnarzt|praxis)\b"
        r"|\b(?:umgezogen|weggezogen)\b|\bkeinen termin\b|\bnachstes jahr\b|\bmochte (?:ich )?(?:nicht|keinen?)\b",
        r"\b(?:non (?:mi|ci) interessa|no grazie|non (?:ora|adesso|ho bisogno|voglio|posso permettermi)|per (?:ora"
        r"|il momento) (?:no|non|preferisco)|preferisco (?:non|aspettare)|troppo caro|ho gia un"
        r"|mi sono trasferit\w|un altro dentista|l anno prossimo)\b|\b(?:nao (?:tenho interesse|quero|preciso"
        r"|obrigad\w|posso pagar|da)|agora nao|por enquanto nao|muito caro|ja tenho (?:um )?dentista"
        r"|outro dentista|me mudei|ano que vem|fica para)\b",
        unless=(
            r"\b(?:mensaj\w+|messages?|sms|mails?|recibir|recevoir|receber|ricevere|nachrichten|cancel\w+"
            r"|annul\w+|deplac\w+|cambiar|mover|n annulez|cita (?:del|de) )\b",
        ),
    ),
)

COMPLAINT_ABROAD: tuple[Phrase, ...] = (
    phrase(
        "complaint.abroad",
        r"\b(?:verguenza|inaceptable|pesim\w+|terrible (?:servicio|atencion|trato)|mal (?:servicio|trato|hecho)"
        r"|mala (?:atencion|experiencia)|queja|quejarme|reclam\w+|maleducad\w+|grosera?s?|estafa|decepcionad\w+"
        r"|indignad\w+|molest[ao] con|enojad\w+)\b|\bnadie (?:me |nos )?(?:contest|llam|respond|pidio|explic|atend"
        r"|devuelv)\w*|\b(?:cobr\w+) (?:dos veces|de mas|mal|el doble)\b|\b(?:hicieron|tuve que|llevo"
        r"|estuve) (?:esper\w+|\w+ (?:semanas|horas|dias) esperando)\b",
        r"\b(?:inadmissible|inacceptable|scandal\w+|honteux|honte|deplorable|lamentable|desagreable|mal (?:recue?"
        r"|accueilli\w*|traite\w*)|mecontent\w*|decue?s?|furieu\w+|plainte|reclamation|arnaque|incompeten\w+"
        r"|impoli\w*)\b|\bpersonne (?:ne|n) (?:m |me |nous )?(?:a |rappel|repond|expliqu)\w*|\b(?:facture|debite"
        r"|paye)\w* (?:deux fois|en double|a tort)\b|\b(?:attendu|attendre|attente)\b<gap>\b(?:heures?|minutes"
        r"|semaines)\b",
        r"\b(?:frechheit|unverschamt\w*|unmoglich\w* (?:behand|service)\w*|beschwer\w+|unfreundlich\w*|enttauscht"
        r"|unzufrieden|skandal\w*|schlecht behandelt|unzumutbar|sauer auf|inakzeptabel)\b|\bniemand (?:hat|ruft"
        r"|antwortet|geht)\b|\b(?:stunden?|minuten) (?:gewartet|warten)\b|\b(?:doppelt|zweimal) (?:abgebucht"
        r"|berechnet)\b",
        r"\b(?:vergogna|inaccettabile|reclamo|lamentela|maleducat\w|pessim\w+|delus\w|arrabbiat\w|scandalos\w)\b"
        r"|\b(?:vergonha|inaceitavel|reclamacao|pessim\w+|decepcionad\w|mal atendid\w|absurdo|indignad\w)\b"
        r"|\b(?:nessuno|ninguem) (?:mi |me )?(?:ha |rispond|richiam|respond|ligou|atend)\w*",
    ),
)

QUESTION_ABROAD: tuple[Phrase, ...] = (
    phrase(
        "topic.abroad",
        r"\b(?:cuanto|cuanta|precio|costo|aceptan|seguro|horarios?|a que hora|donde (?:estan|queda|se)|direccion"
        r"|estacionamiento|hacen|atienden|tienen (?:parking|estacionamiento|plan\w*|descuento\w*)|financia\w+"
        r"|formas de pago|duele)\b",
        r"\b(?:combien|quel(?:le)?s? (?:est|sont|prix|tarif|horaires?|adresse)|prix|tarifs?|horaires?|adresse"
        r"|ou (?:etes|se trouve|vous|puis je me garer)|prenez vous|acceptez vous|est ce que vous|faites vous"
        r"|soignez|remboursement|mutuelle|facture|parking|ouverts?)\b",
        r"\b(?:wie ?viel|was kostet|kosten|preis|offnungszeiten|wo (?:ist|sind|kann|befindet)|parken|parkplatz\w*"
        r"|nehmen sie|akzeptieren sie|machen sie|bieten sie|krankenkasse|versicherung|rechnung)\b",
        r"\b(?:quanto (?:costa|custa|e|fica|viene)|prezz\w+|preco|costo|orari\w*|dove (?:siete|si trova)"
        r"|onde (?:fica|estao|e)|parchegg\w*|estacionamento|accettate|aceitam|assicurazion\w*|convenio|plano"
        r"|fattura|indirizzo|endereco|fate|fazem)\b",
        unless=(
            r"\b(?:no (?:gracias|merci)|demasiado|muy caro|trop cher|zu teuer|troppo caro|muito caro"
            r"|cambiar la hora)\b",
        ),
    ),
)

DEFERRAL_ABROAD: tuple[Phrase, ...] = (
    phrase(
        "deferral.abroad",
        r"\b(?:dejeme|deje|dejame) (?:ver|pensar|revisar|consultar)\w*|\b(?:lo|la) (?:voy a pensar|pienso|consulto"
        r"|veo|hablo)\b|\b(?:le|les|te) (?:aviso|confirmo|digo|escribo|llamo)\b|\b(?:tengo que|voy a"
        r"|debo) (?:preguntar|consultar|ver|pensar|hablar)\w*",
        r"\bje (?:vais )?(?:reflechi\w*|demander|regarde\w*|verifie\w*|vois|dois (?:demander|voir|verifier"
        r"|reflechir))\b|\b(?:vous )?(?:redis|reviens vers|recontacte|tiens au courant|confirme plus tard)\b",
        r"\b(?:muss|werde|ich)\b<gap>\b(?:uberlegen|nachdenken|fragen|nachschauen|schauen|melde mich|absprechen)\b"
        r"|\bmelde mich\b|\b(?:ci penso|devo (?:chiedere|pensare|vedere|controllare)|le faccio sapere|fammi vedere"
        r"|vou (?:ver|pensar|perguntar|verificar)|depois (?:aviso|confirmo)|te aviso|preciso (?:ver|pensar))\b",
    ),
)

THANKS_ABROAD: tuple[Phrase, ...] = (
    phrase(
        "thanks.abroad",
        r"\b(?:danke(?: schon| sehr| ihnen)?|vielen dank|merci(?: beaucoup| bien)?|muchas gracias|mil gracias"
        r"|gracias|grazie(?: mille)?|muito obrigad\w|obrigad\w|dank je|bedankt)\b|\b(?:hasta (?:manana|luego|el)"
        r"|nos vemos|alli estare|ahi estare|a demain|a bientot|je serai la|bis (?:morgen|dann|bald)|ich komme"
        r"|ci vediamo|a domani|saro (?:li|puntuale)|ate (?:amanha|la|logo)|estarei la)\b",
        unless=(r"\bno gracias\b|\bnon merci\b|\bnein danke\b",),
    ),
)
