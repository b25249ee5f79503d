//! French.

use super::{Cue, Lists};

#[rustfmt::skip]
pub(super) const LISTS: Lists = Lists {
    code: "fr",
    verb_last: false,
    common: &[
        "le", "la", "les", "l", "un", "une", "des", "de", "du", "d", "a", "au", "aux", "avec", "en", "dans",
        "pour", "par", "sur", "et", "ou", "que", "qu", "qui", "quoi", "quand", "comment", "je", "j", "me",
        "m", "moi", "tu", "vous", "nous", "on", "il", "elle", "ce", "c", "cette", "est", "suis", "sont", "ai",
        "avez", "y", "t", "se", "s", "quelle", "quel", "ici", "plutot", "directement", "vraiment", "ne", "n",
        "pas", "mon", "votre", "mais", "si", "vrai", "vraie",
    ],
    polite: &[
        "s il vous plait", "s il te plait", "sil vous plait", "sil te plait", "svp", "stp", "bonjour",
        "bonsoir", "salut", "coucou", "merci", "merci beaucoup", "merci d avance", "excusez moi",
        "excuse moi", "pardon", "ok", "d accord", "oui", "maintenant", "tout de suite", "vite", "madame",
        "monsieur",
    ],
    bare: &[
        "humain", "un humain", "etre humain", "un etre humain", "vrai humain", "un vrai humain", "conseiller",
        "un conseiller", "conseillere", "une conseillere", "conseiller humain", "un conseiller humain",
        "agent", "un agent", "agent humain", "un agent humain", "operateur", "un operateur", "une personne",
        "personne reelle", "une vraie personne", "vraie personne", "une personne reelle", "representant",
        "un representant", "responsable", "un responsable", "le responsable", "superviseur", "un superviseur",
        "transferez moi", "passez moi quelqu un",
    ],
    cues: &[
        (Cue::Transfer, &[
            "passez moi", "passe moi", "me passer", "mettez moi en relation", "mets moi en relation",
            "me mettre en relation", "etre mis en relation", "etre mise en relation", "en relation avec",
            "mettez moi en contact", "me mettre en contact", "transferez moi", "transfere moi",
            "me transferer", "etre transfere", "connectez moi", "connecte moi", "me connecter a",
            "redirigez moi", "me rediriger", "redirige moi", "orientez moi vers",
        ]),
        (Cue::Contact, &[
            "parler", "parle", "parlez", "discuter", "echanger", "dialoguer", "contacter", "joindre",
            "m adresser a", "avoir affaire a", "prendre contact avec", "communiquer avec",
            "avoir au telephone",
        ]),
        (Cue::Want, &[
            "je veux", "je voudrais", "j aimerais", "je souhaite", "je souhaiterais", "j ai besoin d",
            "j ai besoin de", "j ai besoin", "il me faut", "je prefere", "je prefererais", "je desire",
            "donnez moi", "donne moi", "y a t il", "est ce qu il y a", "il y a", "avez vous", "je demande",
            "j exige", "puis je avoir", "je cherche", "trouvez moi", "aide d",
        ]),
        (Cue::Callback, &[
            "rappelez moi", "rappelle moi", "me rappeler", "etre rappele", "etre rappelee", "me rappelle",
            "m appeler", "appelez moi", "quelqu un m appelle", "me recontacter", "recontactez moi",
            "me rappeliez",
        ]),
        (Cue::Human, &[
            "humain", "humains", "etre humain", "vraie personne", "personne reelle", "personne physique",
            "conseiller", "conseillere", "conseillers", "agent", "agents", "agent humain", "operateur",
            "operatrice", "representant", "representante", "responsable", "superviseur", "gerant",
            "directeur", "directrice", "receptionniste", "technicien", "collaborateur", "quelqu un de reel",
            "quelqu un de votre equipe", "quelqu un de l equipe", "vrai humain", "mon conseiller",
            "ma conseillere", "interlocuteur", "chef",
        ]),
        (Cue::Anyone, &[
            "quelqu un", "quelquun", "une personne", "personnes", "equipe", "accueil", "reception", "support",
            "service client", "assistance", "collegue", "gens", "personnel", "vos equipes",
        ]),
        (Cue::Bot, &[
            "bot", "bots", "robot", "robots", "machine", "machines", "chatbot", "ia", "ordinateur",
            "automate", "repondeur",
        ]),
        (Cue::Open, &[
            "puis je", "je peux", "pourrais je", "pouvez vous", "pourriez vous", "peux tu", "pourrais tu",
            "est ce que je peux", "peut on", "on peut", "laissez moi", "laisse moi", "comment puis je",
            "comment faire pour", "est il possible", "est ce possible", "c est possible",
            "serait il possible", "je dois", "il faut que je", "pourquoi je ne peux pas", "je ne peux pas",
            "ne pouvez vous pas", "ne puis je pas", "ne peut on pas", "si possible", "sinon",
        ]),
        (Cue::Negation, &[
            "ne", "n", "pas", "pas d", "pas de", "pas besoin", "pas besoin de", "ne veux pas",
            "je ne veux pas", "je ne voudrais pas", "je veux pas", "je ne souhaite pas", "je souhaite pas",
            "je n ai pas besoin", "je n ai pas besoin de", "j ai pas besoin de", "j ai pas besoin d",
            "je n ai pas besoin d", "ne me passez pas", "me passez pas", "ne me transferez pas",
            "me transferez pas", "jamais", "sans", "au lieu de", "au lieu d", "plutot qu", "non", "marre de",
            "marre des", "marre d", "assez de", "deteste", "inutile de",
        ]),
        (Cue::Past, &[
            "j ai parle", "j ai deja parle", "j avais parle", "ai deja eu", "j ai eu", "j ai discute",
            "je parlais", "j etais en ligne", "m a dit", "m ont dit", "hier", "la semaine derniere",
            "la derniere fois", "j ai contacte", "on m a passe", "j ai ete mis en relation",
        ]),
        (Cue::AboutTheBot, &[
            "es tu", "etes vous", "tu es", "vous etes", "t es", "est ce que je parle", "je parle a",
            "je parle avec", "suis je en train de parler", "est ce que vous etes", "est ce que tu es",
            "a qui je parle", "a qui ai je l honneur", "est ce un", "est ce une", "c est un", "c est une",
        ]),
        (Cue::Conditional, &[
            "si je", "si je veux", "si j ai", "si j ai besoin d", "si je voulais", "si j avais",
            "si j avais besoin d", "quand je", "lorsque je", "lorsqu on", "avant de", "apres avoir",
            "dois je", "faut il", "est ce que je dois", "faudra t il", "au cas ou",
        ]),
        (Cue::ThirdParty, &[
            "mon mari", "ma femme", "mon ami", "mon amie", "ma mere", "mon pere", "mon fils", "ma fille",
            "il veut", "elle veut", "ils veulent", "les clients", "mes clients",
        ]),
        (Cue::Possessive, &["mon", "ma", "mes", "son", "sa", "ses", "leur", "leurs"]),
        (Cue::Outsider, &[
            "agent de voyage", "agent de voyages", "agent immobilier", "agent d assurance",
            "agent de securite", "tour operateur", "mon chef", "mon responsable",
        ]),
        (Cue::Neutral, &[
            "ressources humaines", "droits humains", "par personne", "pour une personne", "deux personnes",
            "combien de personnes", "machine a laver", "je ne suis pas un robot", "je suis humain",
            "corps humain", "erreur humaine",
        ]),
    ],
    unhelpful: &[
        "ca ne m aide pas", "cela ne m aide pas", "ca m aide pas", "ne m aide pas", "ne m a pas aide",
        "ca n a pas marche", "ca ne marche pas", "ca marche pas", "ca ne fonctionne pas",
        "ca ne marche toujours pas", "ne fonctionne toujours pas", "ca n a pas fonctionne",
        "ce n est pas ce que j ai demande", "c est pas ce que j ai demande", "ce n est pas ma question",
        "c est pas ma question", "ne repond pas a ma question", "vous ne comprenez pas",
        "tu ne comprends pas", "tu comprends pas", "vous ne m avez pas compris", "mauvaise reponse",
        "ce n est pas ca", "c est faux", "ne sert a rien", "sert a rien", "pas utile", "pas resolu",
        "toujours le meme probleme",
    ],
    resolved: &[
        "ca marche maintenant", "ca fonctionne maintenant", "ca a marche", "ca a fonctionne", "ca m a aide",
        "cela m a aide", "probleme resolu", "c est resolu", "c est regle", "probleme regle",
        "c est bon merci", "c est ce qu il me fallait", "c est ce que je cherchais", "j ai trouve merci",
        "c est clair merci", "tout est clair",
    ],
    non_answers: &[
        "je ne sais pas", "je ne suis pas sur", "je ne suis pas sure", "je n ai pas cette information",
        "je n ai pas d information", "je n ai pas d informations", "je n ai pas la reponse",
        "je n ai pas de reponse", "je ne dispose pas", "je n ai pas trouve", "je n ai rien trouve",
        "je ne trouve pas", "je ne peux pas vous aider", "je ne peux pas t aider", "je ne peux pas repondre",
        "je ne suis pas en mesure", "je n ai pas compris", "je ne comprends pas", "je n ai pas bien compris",
        "pourriez vous reformuler", "pouvez vous reformuler", "peux tu reformuler",
        "reformuler votre question", "reformuler ta question", "d une autre maniere",
    ],
    promises: &[
        "va vous recontacter", "vous recontactera", "vous recontacterons", "va vous contacter",
        "vous contactera", "vous contacterons", "va vous repondre", "vous repondra", "va vous rappeler",
        "vous rappellera", "reviendra vers vous", "va revenir vers vous", "reviendrons vers vous",
        "va prendre le relais", "prendra le relais", "je vous mets en relation", "je te mets en relation",
        "je vais vous mettre en relation", "je vous transfere", "je te transfere", "je vais vous transferer",
        "je vous passe", "je vais vous passer", "un conseiller va", "un agent va", "un collegue va",
    ],
    courtesies: &[
        "bonjour", "bonsoir", "salut", "bienvenue", "comment puis je vous aider",
        "que puis je faire pour vous", "comment puis je taider", "puis je vous aider pour autre chose",
        "autre chose", "je vous en prie", "de rien", "avec plaisir", "merci", "merci beaucoup",
        "bonne journee", "bonne soiree", "au revoir", "a bientot", "oui", "non", "bien sur", "oui bien sur",
        "daccord", "parfait", "tres bien", "cest fait",
    ],
    offers: &[
        "voulez vous", "souhaitez vous", "veux tu", "si vous le souhaitez", "si vous voulez", "si tu veux",
        "aimeriez vous",
    ],
};
