//! Spanish.

use super::{Cue, Lists};

#[rustfmt::skip]
pub(super) const LISTS: Lists = Lists {
    code: "es",
    verb_last: false,
    common: &[
        "el", "la", "los", "las", "un", "una", "unos", "de", "del", "al", "a", "con", "en", "por", "para",
        "y", "o", "que", "como", "cuando", "donde", "quien", "cual", "me", "te", "se", "le", "lo", "mi", "yo",
        "tu", "usted", "ustedes", "es", "son", "esta", "este", "esto", "eso", "estoy", "hay", "ser", "muy",
        "mas", "ya", "aqui", "algun", "alguna", "hora", "si", "pero", "directamente", "mejor", "no",
    ],
    polite: &[
        "por favor", "porfavor", "porfa", "hola", "buenas", "buenos dias", "buenas tardes", "buenas noches",
        "gracias", "muchas gracias", "disculpe", "disculpa", "perdon", "ok", "vale", "ahora", "ahora mismo",
        "ya", "urgente", "si",
    ],
    bare: &[
        "humano", "un humano", "humana", "una humana", "persona", "una persona", "persona real",
        "una persona real", "persona humana", "una persona humana", "agente", "un agente", "agente humano",
        "un agente humano", "asesor", "un asesor", "asesora", "operador", "un operador", "operadora",
        "una operadora", "representante", "un representante", "ejecutivo", "un ejecutivo", "supervisor",
        "un supervisor", "encargado", "el encargado", "atencion humana", "ser humano", "un ser humano",
        "pasame", "comuniqueme", "transferir",
    ],
    cues: &[
        (Cue::Transfer, &[
            "paseme", "pasame", "me pasa", "me pasas", "me puede pasar", "me puedes pasar", "me pueden pasar",
            "comuniqueme", "comunicame", "me comunica", "me comunicas", "me puede comunicar",
            "me puedes comunicar", "me pueden comunicar", "que me comuniquen", "transfierame", "transfiereme",
            "me transfiere", "me transfieran", "transferirme", "me puede transferir", "me puedes transferir",
            "conecteme", "conectame", "conectarme", "derivame", "deriveme", "derivarme", "pasarme",
            "comunicarme", "pongame", "ponme", "ponerme", "que me pasen", "que me atienda", "que me atiendan",
        ]),
        (Cue::Contact, &[
            "hablar", "hablo", "hable", "platicar", "conversar", "charlar", "chatear", "contactar",
            "contactarme", "contacto con", "comunicar", "tratar con", "dirigirme a",
        ]),
        (Cue::Want, &[
            "quiero", "quiero a", "quisiera", "queria", "necesito", "necesito a", "me gustaria", "deseo",
            "prefiero", "preferiria", "exijo", "deme", "dame", "busco", "solicito", "hay", "no hay", "tienen",
            "donde esta", "atencion de", "ayuda de",
        ]),
        (Cue::Callback, &[
            "llamenme", "llameme", "llamame", "me llamen", "me llame alguien", "me pueden llamar",
            "me puede llamar", "me puedes llamar", "que alguien me llame", "devuelvanme la llamada",
            "que me llamen",
        ]),
        (Cue::Human, &[
            "humano", "humana", "humanos", "ser humano", "persona real", "persona de verdad",
            "persona humana", "persona de carne y hueso", "agente", "agentes", "agente humano", "asesor",
            "asesora", "asesores", "operador", "operadora", "operadores", "representante", "representantes",
            "supervisor", "supervisora", "encargado", "encargada", "responsable", "gerente", "ejecutivo",
            "ejecutiva", "recepcionista", "jefe", "alguien real", "alguien de verdad", "alguien del equipo",
            "alguien de su equipo", "mi asesor", "mi gestor",
        ]),
        (Cue::Anyone, &[
            "alguien", "persona", "personas", "equipo", "personal", "recepcion", "soporte",
            "servicio al cliente", "atencion al cliente", "tecnico", "companero", "nadie",
        ]),
        (Cue::Bot, &[
            "bot", "bots", "robot", "robots", "maquina", "maquinas", "chatbot", "ia", "contestador",
            "computadora", "ordenador",
        ]),
        (Cue::Open, &[
            "puedo", "podria", "podrias", "puede", "puedes", "pueden", "quiero que", "tengo que", "dejame",
            "dejeme", "como puedo", "como hago para", "es posible", "se puede", "por que no puedo",
            "no puedo", "no me puede", "no me puedes", "no me pueden", "no podria", "si es posible", "si no",
        ]),
        (Cue::Negation, &[
            "no", "no quiero", "no quisiera", "no necesito", "no hace falta", "no es necesario",
            "no me pases", "no me pase", "no me transfieras", "no me transfiera", "no me comuniques",
            "no me comunique", "no me gustaria", "no deseo", "no prefiero", "nunca", "sin", "en vez de",
            "en lugar de", "harto de", "harta de", "cansado de", "cansada de", "odio", "basta de",
        ]),
        (Cue::Past, &[
            "hable con", "ya hable", "ya hable con", "he hablado", "habia hablado", "estuve hablando",
            "estaba hablando", "hablaba con", "me atendio", "me dijo", "me dijeron", "ayer",
            "la semana pasada", "la ultima vez", "me paso con", "me comunicaron", "me transfirieron",
        ]),
        (Cue::AboutTheBot, &[
            "eres", "es usted", "sos", "estoy hablando", "estoy hablando con", "hablo con un humano o",
            "con quien hablo", "con quien estoy hablando", "esto es", "usted es", "tu eres",
        ]),
        (Cue::Conditional, &[
            "si quiero", "si quisiera", "si necesito", "si necesitara", "si hablo", "si quiero hablar",
            "cuando hablo", "cuando hable", "cuando quiera", "antes de", "despues de", "tengo que hablar",
            "hay que", "debo", "deberia", "hace falta", "es necesario", "en caso de",
        ]),
        (Cue::ThirdParty, &[
            "mi marido", "mi esposo", "mi esposa", "mi mujer", "mi amigo", "mi amiga", "mi madre", "mi padre",
            "mi hijo", "mi hija", "el quiere", "ella quiere", "ellos quieren", "los clientes", "mis clientes",
        ]),
        (Cue::Possessive, &["mi", "mis", "su", "sus", "nuestro", "nuestra"]),
        (Cue::Outsider, &[
            "agente de viajes", "agente inmobiliario", "agente de seguros", "agente de aduanas",
            "operador turistico", "mi jefe", "mi gerente",
        ]),
        (Cue::Neutral, &[
            "recursos humanos", "derechos humanos", "por persona", "para una persona", "dos personas",
            "cuantas personas", "no soy un robot", "soy una persona", "soy humano", "lavadora",
            "error humano",
        ]),
    ],
    unhelpful: &[
        "no me ayuda", "no me ayudo", "no me ha ayudado", "no ayuda", "eso no ayuda", "no me sirve",
        "no me sirvio", "no sirve", "no funciono", "sigue sin funcionar", "todavia no funciona",
        "no es lo que pregunte", "eso no es lo que pregunte", "no respondes mi pregunta",
        "no responde mi pregunta", "no me entiendes", "no me entiende", "no entiendes", "no entendiste",
        "no es eso", "eso esta mal", "respuesta incorrecta", "no resuelve", "no se resolvio",
        "no esta resuelto", "no se soluciono", "inutil", "sigo igual", "sigo con el mismo problema",
    ],
    resolved: &[
        "ya funciona", "ya funciono", "funciono gracias", "eso funciono", "me sirvio", "me ayudo",
        "me ha ayudado", "problema resuelto", "problema solucionado", "ya esta resuelto", "ya se resolvio",
        "ya se soluciono", "ya quedo", "era lo que necesitaba", "es lo que necesitaba", "todo claro",
        "ya lo encontre", "ya esta solucionado", "solucionado",
    ],
    non_answers: &[
        "no lo se", "no se la respuesta", "no se responder", "no estoy seguro", "no estoy segura",
        "no tengo informacion", "no tengo esa informacion", "no tengo la respuesta",
        "no cuento con informacion", "no cuento con esa informacion", "no dispongo de", "no encontre",
        "no he encontrado", "no pude encontrar", "no puedo ayudarte con", "no puedo ayudarle con",
        "no puedo responder", "no entendi", "no te entendi", "no le entendi", "no he entendido",
        "no te he entendido", "no entiendo", "podrias reformular", "puedes reformular", "podria reformular",
        "reformular tu pregunta", "reformular su pregunta", "de otra manera", "decirlo de otra forma",
    ],
    promises: &[
        "te contactara", "le contactara", "te contactaremos", "le contactaremos", "se pondra en contacto",
        "se pondran en contacto", "nos pondremos en contacto", "te atendera", "le atendera", "te llamara",
        "le llamara", "te respondera", "le respondera", "te paso con", "le paso con", "te comunico con",
        "le comunico con", "te transfiero", "le transfiero", "te voy a pasar", "le voy a pasar",
        "te voy a transferir", "voy a transferirte", "voy a comunicarte", "te conecto con", "le conecto con",
        "un agente te", "un agente le", "un asesor te", "un asesor le",
    ],
    courtesies: &[
        "hola", "buenos dias", "buenas tardes", "buenas noches", "bienvenido", "bienvenida",
        "en que puedo ayudarte", "en que puedo ayudarle", "como puedo ayudarte", "como puedo ayudarle",
        "en que te puedo ayudar", "en que le puedo ayudar", "algo mas", "puedo ayudarte en algo mas",
        "puedo ayudarle en algo mas", "de nada", "con gusto", "con mucho gusto", "un placer", "gracias",
        "muchas gracias", "que tenga buen dia", "que tengas un buen dia", "hasta luego", "hasta pronto",
        "adios", "si", "no", "claro", "claro que si", "por supuesto", "perfecto", "hecho", "vale",
    ],
    offers: &[
        "quieres que", "quiere que", "desea que", "deseas que", "te gustaria", "le gustaria", "si quieres",
        "si lo desea", "si prefieres",
    ],
};
