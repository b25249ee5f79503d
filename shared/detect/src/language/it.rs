//! Italian.

use super::{Cue, Lists};

#[rustfmt::skip]
pub(super) const LISTS: Lists = Lists {
    code: "it",
    verb_last: false,
    common: &[
        "il", "lo", "la", "i", "gli", "le", "l", "un", "uno", "una", "di", "del", "dello", "della", "dei",
        "da", "dal", "dalla", "a", "al", "alla", "all", "con", "in", "nel", "su", "per", "e", "o", "che",
        "chi", "come", "quando", "dove", "quanto", "quale", "io", "mi", "me", "ti", "si", "ci", "vi", "lei",
        "tu", "voi", "mio", "mia", "non", "ma", "piu", "qui", "sono", "ho", "ha", "avete", "questo", "questa",
        "c", "ora", "qualche", "direttamente", "invece", "vero", "vera",
    ],
    polite: &[
        "per favore", "per piacere", "perfavore", "ciao", "salve", "buongiorno", "buon giorno", "buonasera",
        "buona sera", "grazie", "grazie mille", "mi scusi", "scusi", "scusa", "ok", "va bene", "adesso",
        "subito", "urgente", "si", "cortesemente", "gentilmente",
    ],
    bare: &[
        "umano", "un umano", "essere umano", "un essere umano", "persona", "una persona", "persona reale",
        "una persona reale", "persona vera", "una persona vera", "una vera persona", "operatore",
        "un operatore", "l operatore", "operatrice", "operatore umano", "un operatore umano",
        "assistente umano", "agente", "un agente", "consulente", "un consulente", "rappresentante",
        "responsabile", "un responsabile", "il responsabile", "supervisore", "parla con operatore",
        "trasferiscimi",
    ],
    cues: &[
        (Cue::Transfer, &[
            "mi passi", "passami", "mi passa", "passarmi", "mi puo passare", "puo passarmi",
            "mi metta in contatto", "mettimi in contatto", "mettermi in contatto", "mi trasferisca",
            "trasferiscimi", "trasferirmi", "mi colleghi", "collegami", "collegarmi con", "mi connetta",
            "connettimi", "essere trasferito", "essere trasferita", "essere messo in contatto",
            "mettetemi in contatto", "passatemi", "mi faccia parlare", "fammi parlare", "fatemi parlare",
        ]),
        (Cue::Contact, &[
            "parlare", "parlo", "parlarne", "chattare", "comunicare", "contattare", "conversare", "discutere",
            "rivolgermi", "avere a che fare", "mettermi in comunicazione", "sentire",
        ]),
        (Cue::Want, &[
            "voglio", "vorrei", "ho bisogno", "ho bisogno di", "ho bisogno d", "mi serve", "desidero",
            "preferisco", "preferirei", "pretendo", "esigo", "mi dia", "dammi", "c e", "ci sono", "avete",
            "cerco", "richiedo", "aiuto da", "assistenza di", "mi piacerebbe", "non c e",
        ]),
        (Cue::Callback, &[
            "richiamatemi", "richiamami", "mi richiami", "mi richiamate", "mi richiamino",
            "essere richiamato", "essere richiamata", "mi chiami qualcuno", "chiamatemi", "farmi chiamare",
            "farmi richiamare", "mi puo chiamare", "mi potete chiamare", "mi potete richiamare",
            "essere ricontattato", "essere ricontattata",
        ]),
        (Cue::Human, &[
            "umano", "umana", "umani", "essere umano", "persona reale", "persona vera", "vera persona",
            "persona umana", "persona in carne e ossa", "operatore", "operatori", "operatrice",
            "operatore umano", "agente", "agenti", "consulente", "assistente umano", "rappresentante",
            "responsabile", "supervisore", "direttore", "direttrice", "addetto", "addetta", "impiegato",
            "impiegata", "receptionist", "titolare", "capo", "qualcuno di reale", "qualcuno in carne e ossa",
            "qualcuno del vostro team", "qualcuno dello staff", "mio consulente",
        ]),
        (Cue::Anyone, &[
            "qualcuno", "persona", "persone", "team", "staff", "personale", "reception", "supporto",
            "assistenza", "servizio clienti", "assistenza clienti", "tecnico", "collega",
        ]),
        (Cue::Bot, &[
            "bot", "robot", "macchina", "macchine", "chatbot", "ia", "computer", "risponditore", "segreteria",
        ]),
        (Cue::Open, &[
            "posso", "potrei", "puo", "puoi", "potete", "potrebbe", "potresti", "devo assolutamente",
            "lasciami", "mi lasci", "come posso", "come faccio a", "come faccio per", "e possibile",
            "sarebbe possibile", "si puo", "perche non posso", "non posso", "non puo", "non puoi",
            "non potete", "non potrei", "se possibile", "altrimenti",
        ]),
        (Cue::Negation, &[
            "non", "non voglio", "non vorrei", "non ho bisogno", "non ho bisogno di", "non mi serve",
            "non desidero", "non serve", "non mi passi", "non passarmi", "non mi trasferisca",
            "non trasferirmi", "non c e bisogno di", "mai", "senza", "invece di", "invece che", "al posto di",
            "stufo di", "stufa di", "stanco di", "stanca di", "odio", "basta", "basta con",
        ]),
        (Cue::Past, &[
            "ho parlato", "ho gia parlato", "avevo parlato", "stavo parlando", "parlavo con", "ho chattato",
            "ho contattato", "ho sentito", "mi ha detto", "mi hanno detto", "ieri", "la settimana scorsa",
            "l ultima volta", "mi hanno passato", "mi ha risposto",
        ]),
        (Cue::AboutTheBot, &[
            "sei", "lei e", "sto parlando", "sto parlando con", "sto chattando con", "con chi parlo",
            "con chi sto parlando", "e un", "e una", "siete", "parlo con un umano o",
        ]),
        (Cue::Conditional, &[
            "se voglio", "se volessi", "se ho bisogno", "se ho bisogno di", "se avessi bisogno di",
            "se parlo", "se dovessi", "quando parlo", "prima di", "dopo aver", "devo", "dovrei", "bisogna",
            "e necessario", "nel caso",
        ]),
        (Cue::ThirdParty, &[
            "mio marito", "mia moglie", "un mio amico", "il mio amico", "la mia amica", "mia madre",
            "mio padre", "mio figlio", "mia figlia", "lui vuole", "lei vuole", "loro vogliono", "i clienti",
            "i miei clienti",
        ]),
        (Cue::Possessive, &["mio", "mia", "miei", "mie", "suo", "sua", "nostro", "nostra"]),
        (Cue::Outsider, &[
            "agente di viaggio", "agente immobiliare", "agente di commercio", "tour operator", "mio capo",
        ]),
        (Cue::Neutral, &[
            "risorse umane", "diritti umani", "a persona", "per una persona", "due persone", "quante persone",
            "non sono un robot", "sono una persona", "sono umano", "errore umano", "corpo umano",
        ]),
    ],
    unhelpful: &[
        "non mi aiuta", "non mi ha aiutato", "non aiuta", "non e utile", "non e servito",
        "non mi serve a niente", "non serve a niente", "non ha funzionato", "non funziona ancora",
        "ancora non funziona", "continua a non funzionare", "non e quello che ho chiesto",
        "non e quello che chiedevo", "non era la mia domanda", "non risponde alla mia domanda",
        "non hai risposto alla mia domanda", "non mi capisci", "non capisci", "non hai capito",
        "non ha capito", "e sbagliato", "risposta sbagliata", "non e risolto", "non risolve", "inutile",
        "ho ancora lo stesso problema",
    ],
    resolved: &[
        "ha funzionato", "adesso funziona", "ora funziona", "mi ha aiutato", "mi e stato utile",
        "mi e stato d aiuto", "problema risolto", "ho risolto", "e risolto", "tutto risolto",
        "e quello che mi serviva", "era quello che cercavo", "tutto chiaro", "ho trovato grazie",
    ],
    non_answers: &[
        "non lo so", "non so rispondere", "non so la risposta", "non sono sicuro", "non sono sicura",
        "non ho informazioni", "non ho questa informazione", "non ho queste informazioni",
        "non ho la risposta", "non dispongo di", "non ho trovato", "non riesco a trovare",
        "non sono riuscito a trovare", "non posso aiutarti con", "non posso aiutarla con",
        "non sono in grado di", "non posso rispondere", "non ho capito", "non capisco", "non ho compreso",
        "puoi riformulare", "potresti riformulare", "puo riformulare", "potrebbe riformulare",
        "riformulare la domanda", "in un altro modo", "in altre parole",
    ],
    promises: &[
        "ti contattera", "la contattera", "vi contattera", "ti contatteremo", "la contatteremo",
        "ti rispondera", "le rispondera", "ti richiamera", "la richiamera", "si mettera in contatto",
        "ti ricontatteremo", "la ricontatteremo", "ti ricontattera", "la ricontattera",
        "ti metto in contatto", "la metto in contatto", "ti passo", "le passo", "la passo", "ti trasferisco",
        "la trasferisco", "ti collego", "la collego", "un operatore ti", "un operatore la", "un collega ti",
        "un collega la",
    ],
    courtesies: &[
        "ciao", "salve", "buongiorno", "buonasera", "benvenuto", "benvenuta", "come posso aiutarti",
        "come posso aiutarla", "in cosa posso aiutarla", "posso aiutarla in altro", "altro", "prego",
        "di niente", "e stato un piacere", "grazie", "grazie mille", "buona giornata", "buona serata",
        "arrivederci", "a presto", "si", "no", "certo", "si certo", "perfetto", "fatto", "va bene",
    ],
    offers: &[
        "vuoi che", "vuole che", "desidera", "vuoi parlare", "vuole parlare", "ti piacerebbe", "se vuoi",
        "se vuole", "se preferisci", "se desidera",
    ],
};
