"""Proactive messages in Spanish."""

from app.llm.offline.wording_language import Language, Template

SPANISH = Language(
    recall=(
        Template(
            subject="Es momento de planear su próxima visita a {clinic}",
            body=(
                "Hola, {name}:\n\nEsperamos que se encuentre bien.{last_visit}{due} ¿Le gustaría planear su "
                "próxima revisión con nosotros?\n\nPuede elegir el día y la hora que le convengan con el enlace "
                "de abajo, o simplemente responder a este mensaje.{closing}\n\nUn cordial saludo,\nEl equipo de "
                "{clinic}"
            ),
            short=(
                "Hola, {name}: le escribe {clinic}. Ya toca su próxima revisión. ¿Quiere elegir un día? Use el "
                "enlace de abajo o responda aquí."
            ),
        ),
        Template(
            subject="Un breve recordatorio de {clinic}",
            body=(
                "Estimada/o {name}:\n\nHace unos días le escribimos sobre su visita habitual y aún no tenemos "
                "noticias suyas. Seguimos teniendo sitio, tanto por la mañana como por la tarde.\n\nSi este mes "
                "le resulta difícil, díganos cuándo sería mejor. ¿Buscamos una hora juntos? La página siguiente "
                "muestra lo que está libre.{closing}\n\nSaludos,\n{clinic}"
            ),
            short=(
                "{name}, de nuevo {clinic}: su visita habitual sigue pendiente. ¿Buscamos una hora? Conteste con "
                "un día o elija uno en línea.{closing}"
            ),
        ),
        Template(
            subject="¿Todavía desea venir a vernos?",
            body=(
                "Buenos días, {name}:\n\nNo queremos llenar su buzón, así que solo una pregunta: ¿le reservamos "
                "una visita?\n\nBasta un sí o un no, y cualquier duda es bienvenida. Si prefiere organizarlo por "
                "su cuenta, esta página está siempre abierta.{closing}\n\nAtentamente,\nSu equipo dental de "
                "{clinic}"
            ),
            short="{name}, solo una pregunta de {clinic}: ¿le reservamos una visita? Basta un sí o un no.{closing}",
        ),
    ),
    recovery=(
        Template(
            subject="Gracias por ponerse en contacto con {clinic}",
            body=(
                "Hola, {name}:\n\nGracias por su interés en nuestra clínica.{inquiry} Una primera cita es el "
                "mejor momento para verlo juntos y responder a sus preguntas, sin compromiso.\n\n¿Quiere venir? "
                "Puede elegir la hora que le convenga con el enlace de abajo, o responder a este "
                "mensaje.{closing}\n\nUn cordial saludo,\nEl equipo de {clinic}"
            ),
            short=(
                "Hola, {name}: le escribe {clinic}. Gracias por contactarnos. ¿Le gustaría venir a una primera "
                "cita? Elija una hora abajo o responda aquí."
            ),
        ),
        Template(
            subject="¿Podemos ayudarle en algo, {name}?",
            body=(
                "Estimada/o {name}:\n\nLe escribimos hace unos días. Quizá quedó alguna pregunta: cómo es una "
                "primera visita, en qué consiste o cuándo estamos aquí. Pregúntenos lo que quiera.\n\n¿Le "
                "gustaría conocernos? Las horas libres están en la página "
                "siguiente.{closing}\n\nSaludos,\n{clinic}"
            ),
            short=(
                "{name}, ¿quedó alguna pregunta? {clinic} le responde con gusto por mensaje. Las horas libres "
                "están en línea.{closing}"
            ),
        ),
        Template(
            subject="¿Le guardamos un lugar?",
            body=(
                "Buenos días, {name}:\n\nLos planes cambian y no pasa nada. Si todavía piensa en ver a un "
                "dentista, nos alegrará recibirle; si no, basta un breve no y lo dejamos así.\n\n¿Le guardamos "
                "un lugar? Las horas libres están aquí.{closing}\n\nAtentamente,\nSu equipo dental de {clinic}"
            ),
            short=(
                "{name}, ¿sigue pensando en visitar {clinic}? Si es así, elija una hora en línea. Si no, basta "
                "un breve no.{closing}"
            ),
        ),
    ),
    nudge=Template(
        subject="Su página de reserva sigue abierta",
        body=(
            "Hola, {name}:\n\nHace unos días le enviamos una página para elegir su hora y aún no se ha usado. "
            "Por si se perdió, aquí está de nuevo. ¿Le conviene alguna de estas horas? Si no, díganos qué le "
            "vendría bien y veremos qué podemos hacer.\n\nUn cordial saludo,\nEl equipo de {clinic}"
        ),
        short=(
            "Hola, {name}: por si se perdió, aquí está de nuevo la página para elegir su hora en {clinic}. ¿Le "
            "conviene alguna? Si no, díganos qué le vendría bien."
        ),
    ),
    months=(
        "enero de",
        "febrero de",
        "marzo de",
        "abril de",
        "mayo de",
        "junio de",
        "julio de",
        "agosto de",
        "septiembre de",
        "octubre de",
        "noviembre de",
        "diciembre de",
    ),
    last_visit="Su última visita fue en {}.",
    due="La próxima estaba prevista para {}.",
    inquiry="Usted nos preguntó: «{}».",
    last_note="Este es nuestro último mensaje sobre ello por ahora.",
    no_name="buenos días",
    no_clinic="su clínica dental",
)
