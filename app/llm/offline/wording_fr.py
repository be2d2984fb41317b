"""Proactive messages in French."""

from app.llm.offline.wording_language import Language, Template

FRENCH = Language(
    recall=(
        Template(
            subject="Prévoir votre prochaine visite chez {clinic}",
            body=(
                "Bonjour {name},\n\nNous espérons que vous allez bien.{last_visit}{due} Souhaitez-vous prévoir "
                "votre prochain contrôle chez nous ?\n\nVous pouvez choisir le jour et l'heure qui vous "
                "conviennent avec le lien ci-dessous, ou simplement répondre à ce message.{closing}\n\nBien "
                "cordialement,\nL'équipe de {clinic}"
            ),
            short=(
                "Bonjour {name}, ici {clinic}. Votre prochain contrôle approche. Voulez-vous choisir un jour ? "
                "Utilisez le lien ci-dessous ou répondez ici."
            ),
        ),
        Template(
            subject="Un petit rappel de {clinic}",
            body=(
                "Cher/chère {name},\n\nNous vous avons écrit il y a quelques jours au sujet de votre visite "
                "habituelle, sans nouvelles de votre part. Il nous reste de la place, le matin comme "
                "l'après-midi.\n\nSi ce mois est difficile, dites-nous quand ce serait mieux. Cherchons-nous une "
                "heure ensemble ? La page suivante montre ce qui est libre.{closing}\n\nMeilleures "
                "salutations,\n{clinic}"
            ),
            short=(
                "{name}, de nouveau {clinic} : votre visite habituelle reste à prévoir. Cherchons-nous une heure "
                "? Répondez avec un jour ou choisissez en ligne.{closing}"
            ),
        ),
        Template(
            subject="Souhaitez-vous toujours venir nous voir ?",
            body=(
                "{name}, bonjour,\n\nNous ne voulons pas remplir votre boîte, alors une seule question : vous "
                "réservons-nous une visite ?\n\nUn oui ou un non suffit, et toute question est la bienvenue. "
                "Pour vous organiser vous-même, cette page reste ouverte.{closing}\n\nCordialement,\nVotre "
                "équipe dentaire de {clinic}"
            ),
            short=(
                "{name}, une seule question de {clinic} : vous réservons-nous une visite ? Un oui ou un non "
                "suffit.{closing}"
            ),
        ),
    ),
    recovery=(
        Template(
            subject="Merci d'avoir contacté {clinic}",
            body=(
                "Bonjour {name},\n\nMerci de l'intérêt que vous portez à notre cabinet.{inquiry} Un premier "
                "rendez-vous est le meilleur moment pour en parler et répondre à vos questions, sans "
                "engagement.\n\nSouhaitez-vous venir ? Vous pouvez choisir l'heure qui vous convient avec le "
                "lien ci-dessous, ou répondre à ce message.{closing}\n\nBien cordialement,\nL'équipe de {clinic}"
            ),
            short=(
                "Bonjour {name}, ici {clinic}. Merci de nous avoir contactés. Souhaitez-vous venir pour un "
                "premier rendez-vous ? Choisissez une heure ci-dessous ou répondez ici."
            ),
        ),
        Template(
            subject="Pouvons-nous vous aider, {name} ?",
            body=(
                "Cher/chère {name},\n\nNous vous avons écrit il y a quelques jours. Peut-être une question "
                "est-elle restée ouverte : comment se passe une première visite, en quoi elle consiste, quand "
                "nous sommes là. Posez-la-nous.\n\nSouhaitez-vous nous rencontrer ? Les heures libres sont sur "
                "la page suivante.{closing}\n\nMeilleures salutations,\n{clinic}"
            ),
            short=(
                "{name}, une question est-elle restée ouverte ? {clinic} vous répond volontiers par message. Les "
                "heures libres sont en ligne.{closing}"
            ),
        ),
        Template(
            subject="Vous gardons-nous une place ?",
            body=(
                "{name}, bonjour,\n\nLes projets changent, et c'est bien normal. Si vous pensez toujours à voir "
                "un dentiste, nous serons heureux de vous accueillir ; sinon, un petit non suffit et nous en "
                "resterons là.\n\nVous gardons-nous une place ? Les heures libres sont "
                "ici.{closing}\n\nCordialement,\nVotre équipe dentaire de {clinic}"
            ),
            short=(
                "{name}, pensez-vous toujours à une visite chez {clinic} ? Si oui, prenez une heure en ligne. "
                "Sinon, un petit non suffit.{closing}"
            ),
        ),
    ),
    nudge=Template(
        subject="Votre page de réservation est toujours ouverte",
        body=(
            "Bonjour {name},\n\nIl y a quelques jours, nous vous avons envoyé une page pour choisir votre heure "
            "; elle n'a pas encore servi. Au cas où elle se serait perdue, la voici de nouveau. L'une de ces "
            "heures vous convient-elle ? Sinon, dites-nous ce qui vous arrangerait.\n\nBien "
            "cordialement,\nL'équipe de {clinic}"
        ),
        short=(
            "Bonjour {name}, au cas où elle se serait perdue : voici de nouveau la page pour choisir votre heure "
            "chez {clinic}. L'une d'elles vous convient-elle ? Sinon, dites-le-nous."
        ),
    ),
    months=(
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
    last_visit="Votre dernière visite remonte à {}.",
    due="La prochaine était prévue pour {}.",
    inquiry="Vous nous aviez demandé : « {} ».",
    last_note="C'est notre dernier message à ce sujet pour le moment.",
    no_name="madame, monsieur",
    no_clinic="votre cabinet dentaire",
)
