"""The words of a dental clinic: one concept for every way to name it, in English, Spanish and French. Pure.

A question asks "how much", the article says "fees", the patient writes "cuánto cuesta": the search must see one thing.
"""

import re

from app.domain import clinic_things
from app.domain.reply_letters import plain_letters

TREATMENTS: dict[str, str] = {
    "cleaning": "cleaning cleanings hygiene prophylaxis prophy scaling polish polishing hygienist limpieza limpiezas"
    " profilaxis higiene higienista detartrage nettoyage",
    "whitening": "whitening whiten bleaching bleach brightening brighten blanqueamiento blanquear blanchiment blanchir",
    "checkup": "checkup exam exams examination recall revision chequeo examen controle bilan",
    "filling": "filling fillings composite cavity cavities empaste empastes caries obturacion plombage carie",
    "crown": "crown crowns corona coronas couronne couronnes",
    "bridge": "bridge bridges puente puentes",
    "implant": "implant implants implante implantes",
    "veneer": "veneer veneers carilla carillas facette facettes",
    "denture": "denture dentures dentadura dentaduras dentier dentiers prothese prothesis protesis",
    "root_canal": "canal canals endodontic endodontics endodontist endodoncia devitalisation",
    "extraction": "extraction extractions extract pull pulled pulling extraccion extracciones muela arrachage",
    "braces": "braces brace aligner aligners invisalign orthodontic orthodontics orthodontist straighten straightening"
    " brackets ortodoncia ortodoncista bagues aligneurs orthodontie orthodontiste",
    "xray": "xray xrays radiograph radiographs radiografia radiografias radio radiographie",
    "sealant": "sealant sealants sellador selladores scellement",
    "fluoride": "fluoride fluor fluoruro",
    "night_guard": "guard mouthguard nightguard splint grinding bruxism ferula bruxismo gouttiere bruxisme",
    "gum": "gum gums periodontal periodontist encia encias periodoncia gencive gencives parodontie",
    "consultation": "consultation consultations consult consulta consultas",
    "botox": "botox filler fillers",
}
MATTERS: dict[str, str] = {
    "price": "price prices priced pricing cost costs fee fees charge charges rate rates expensive cheap afford dollars"
    " usd precio precios cuesta cuestan cuanto coste costo tarifa tarifas cobran prix coute coutent cout tarif tarifs"
    " combien",
    "payment": "pay payment payments paying card cards cash check cheque credit debit financing finance installments"
    " instalments carecredit pago pagos pagar tarjeta efectivo financiacion plazos paiement payer carte especes",
    "insurance": "insurance insurances insurer insured coverage covered cover plan plans ppo hmo medicaid medicare"
    " dental-plan deductible seguro seguros aseguradora cobertura assurance assurances mutuelle remboursement",
    "parking": "parking park garage lot aparcamiento estacionamiento aparcar estacionar parque stationnement garer",
    "transport": "bus subway train tram metro station transit autobus estacion gare",
    "place": "address located location directions street find where direccion ubicacion donde calle adresse ou rue",
    "access": "wheelchair accessible accessibility ramp elevator lift disabled step-free silla ruedas accesible rampa"
    " ascensor fauteuil handicap accessible ascenseur",
    "hours": "hours open opening opens close closes closed closing schedule horario horarios abierto abren abierta"
    " cierran cerrado horaires ouvert ouverts ouverture ferme fermes fermeture",
    "weekend": "weekend weekends saturday saturdays sunday sundays sabado sabados domingo samedi dimanche",
    "evening": "evening evenings late after-work night noche tarde soir soiree",
    "holiday": "holiday holidays christmas easter thanksgiving festivo festivos navidad ferie noel paques",
    "child": "child children kid kids toddler baby pediatric paediatric infant son daughter nino ninos nina hijo hija"
    " infantil bebe enfant enfants pediatrique fils fille",
    "age": "age old young younger years edad anos age ans",
    "senior": "senior seniors elderly pensioner retired mayores jubilado aine retraite",
    "pregnancy": "pregnant pregnancy embarazada embarazo enceinte grossesse",
    "anxiety": "nervous anxious anxiety fear scared afraid phobia miedo ansiedad nervioso peur anxieux anxiete",
    "sedation": "sedation sedated sedate nitrous laughing gas sleep anesthesia anaesthesia sedacion anestesia"
    " anesthesie protoxyde",
    "emergency": "emergency emergencies urgent same-day urgencia urgencias urgence urgences",
    "cancel": "cancel cancellation cancellations cancelling canceling missed no-show late-fee cancelar cancelacion"
    " anular annuler annulation",
    "late": "late running delay tarde retraso retard",
    "new_patient": "new first register registration nuevo nueva primera nouveau nouvelle premier premiere",
    "bring": "bring document documents paperwork forms form id traer documentos formulario apporter documents"
    " formulaire",
    "records": "records record transfer expediente historial transferir dossier",
    "language": "speak spoken language languages spanish french english hablan idioma idiomas espanol ingles frances"
    " parlez langue langues espagnol anglais francais interpreter interprete",
    "dentist": "dentist dentists doctor doctors staff team dentista dentistas doctora equipo dentiste dentistes equipe",
    "duration": "long duration minutes hour takes lasts dura duracion minutos tarda duree dure minutes temps",
    "warranty": "guarantee guaranteed warranty warranties garantia garantie",
    "pets": "pet pets dog dogs animal animals mascota mascotas perro chien animaux",
    "wifi": "wifi internet wi-fi",
    "referral": "referral refer referred specialist specialists referencia especialista specialiste",
    "lab": "lab laboratory laboratorio laboratoire",
    "discount": "discount discounts membership offer promotion descuento descuentos membresia remise reduction",
    "refund": "refund refunds reembolso remboursement",
    "privacy": "privacy hipaa data confidential privacidad confidentialite",
    "covid": "covid mask masks mascarilla masque",
    "contact": "phone call email contact telephone number telefono llamar correo contacto appeler courriel numero",
    "food": "eat drink eating drinking coffee food comer beber manger boire",
}
CONCEPTS: dict[str, str] = TREATMENTS | MATTERS
_PHRASES = {
    "price": r"\bhow much\b|\bset (?:me|us) back\b|[$€£]",
    "xray": r"\bx[- ]?rays?\b|\brayos x\b",
    "checkup": r"\bcheck[- ]?ups?\b",
    "root_canal": r"\broot canals?\b|\btratamientos? de conducto\b|\btraitement de racine\b",
    "duration": r"\bhow long\b|\bcuanto (?:tiempo|dura|tarda)\b|\bcombien de temps\b",
    "hours": r"\bwhat time\b|\ba que hora\b|\ba quelle heure\b|\bopen (?:on|at|until|late)\b",
    "transport": r"\bpublic transport\w*\b|\btransporte publico\b|\btransports? en commun\b",
    "payment": r"\bpayment plans?\b|\bpay (?:monthly|over time|in parts)\b|\ba plazos\b|\ben plusieurs fois\b",
    "access": r"\bstep[- ]free\b|\bsilla de ruedas\b",
    "night_guard": r"\b(?:night|mouth) ?guards?\b|\bgrind my teeth\b",
    "wifi": r"\bwi[- ]?fi\b",
    "pets": r"\bservice animals?\b|\btherapy dogs?\b",
    "new_patient": r"\bnew patients?\b|\bfirst (?:visit|appointment|time)\b|\bprimera (?:visita|cita|vez)\b",
}
_PHRASE_RULES = {concept: re.compile(rule) for concept, rule in _PHRASES.items()}
STOP_WORDS = frozenset(
    "a an the and or but so if of to in on at by for with from as is are am was were be been do does did have has had"
    " having i me my we us our you your it its this that these those there here they them their he she his her who"
    " whom which what when why how can could will would shall should may might must not no yes ok please thanks thank"
    " hi hello hey just also too very much many any some more most all about than then now well get got go come want"
    " need like know tell ask question el la los las de del que y un una unos es son su sus por para con como cual"
    " tienen tiene puedo puede hay si mi me se al lo le usted ustedes hola gracias le les des du et est sont une vous"
    " votre vos nous notre quel quelle comment quand avec dans sur je mon ma ce cette il elle pas au aux en bonjour"
    " merci est-ce qu c d j l m n s t dental clinic office practice clinica cabinet visit visits appointment".split()
)
_WORD = re.compile(r"[a-z0-9]+")
_ENDINGS = ("ings", "ing", "ies", "ers", "ed", "es", "s")


def stem(word: str) -> str:
    """A light stem, one for all forms of a word: "cleanings" and "cleaned" -> "clean"."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


_SEARCHED: dict[str, str] = dict(CONCEPTS)
for _thing, _wordings in clinic_things.ALL.items():  # the finer things, where no concept has their words yet
    _single = " ".join(wording for wording in _wordings.split() if "_" not in wording)
    _SEARCHED[_thing] = f"{CONCEPTS.get(_thing, '')} {_single}"
_CONCEPT_OF: dict[str, str] = {}
for _concept, _names in _SEARCHED.items():
    for _name in _names.split():
        _CONCEPT_OF.setdefault(stem(_name), _concept)


def terms_of(text: str) -> list[str]:
    """What a text speaks of, in its order and as often: concepts by name, every other word by its stem."""
    body = plain_letters(text).lower()
    found = [concept for concept, rule in _PHRASE_RULES.items() for _ in rule.findall(body)]
    words = (word for word in _WORD.findall(body) if word not in STOP_WORDS and (len(word) > 1 or word.isdigit()))
    return found + [_CONCEPT_OF.get(stem(word), stem(word)) for word in words]


def treatments_in(text: str) -> frozenset[str]:
    """The treatments that a text names."""
    return frozenset(term for term in terms_of(text) if term in TREATMENTS)


def also_answered_by(term: str) -> tuple[str, ...]:
    """Other things of which an article may hold the answer about this one: parents, where somebody comes alone."""
    return tuple(clinic_things.ENTAILED.get(term, "").split())


def search_words(question: str) -> str:
    """The question's words and everything else that they may be called, for a text index; no operators in it."""
    body = plain_letters(question).lower()
    asked = terms_of(question)
    wanted = [*asked, *(other for term in asked for other in also_answered_by(term))]
    names = " ".join(_SEARCHED[term] for term in dict.fromkeys(wanted) if term in _SEARCHED)
    # The index keeps accents apart from plain letters only in an old version, and ignores them in this one.
    return " ".join(dict.fromkeys([*_WORD.findall(body), *_WORD.findall(names)]))
