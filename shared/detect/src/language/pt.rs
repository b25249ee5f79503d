//! Portuguese, of Brazil and of Portugal.

use super::{Cue, Lists};

#[rustfmt::skip]
pub(super) const LISTS: Lists = Lists {
    code: "pt",
    verb_last: false,
    common: &[
        "o", "a", "os", "as", "um", "uma", "uns", "de", "do", "da", "dos", "das", "no", "na", "nos", "nas",
        "ao", "com", "em", "por", "para", "pra", "e", "ou", "que", "como", "quando", "onde", "quem", "qual",
        "eu", "me", "voce", "voces", "se", "meu", "minha", "nao", "mas", "mais", "muito", "esta", "isso",
        "isto", "aqui", "ja", "sao", "foi", "tem", "sei", "ter", "ser", "algum", "alguma", "direto",
        "diretamente",
    ],
    polite: &[
        "por favor", "pfv", "pf", "ola", "oi", "bom dia", "boa tarde", "boa noite", "obrigado", "obrigada",
        "muito obrigado", "muito obrigada", "desculpe", "desculpa", "ok", "sim", "agora", "agora mesmo", "ja",
        "urgente",
    ],
    bare: &[
        "humano", "um humano", "humana", "ser humano", "um ser humano", "pessoa", "uma pessoa", "pessoa real",
        "uma pessoa real", "pessoa de verdade", "uma pessoa de verdade", "atendente", "um atendente",
        "uma atendente", "atendente humano", "um atendente humano", "atendimento humano", "agente",
        "um agente", "operador", "um operador", "operadora", "assistente humano", "representante", "gerente",
        "o gerente", "supervisor", "um supervisor", "falar com atendente", "transferir",
    ],
    cues: &[
        (Cue::Transfer, &[
            "me transfere", "me transfira", "transfira me", "me transferir", "transferir para", "me passa",
            "me passe", "passe me", "me passar", "me conecta", "me conecte", "me conectar", "me encaminha",
            "me encaminhe", "me encaminhar", "ser transferido", "ser transferida", "me coloca em contato",
            "me coloque em contato", "ser atendido", "ser atendida", "ponha me em contacto", "passem me",
        ]),
        (Cue::Contact, &[
            "falar", "falo", "fale", "conversar", "converso", "papear", "contatar", "contactar",
            "entrar em contato", "entrar em contacto", "contato com", "contacto com", "tratar com",
        ]),
        (Cue::Want, &[
            "quero", "eu quero", "queria", "eu queria", "gostaria", "eu gostaria de", "gostaria de",
            "preciso", "preciso de", "eu preciso", "eu preciso de", "desejo", "prefiro", "exijo", "tem",
            "tem algum", "voces tem", "cade", "solicito", "ajuda de", "nao tem", "nao ha",
        ]),
        (Cue::Callback, &[
            "me liga", "me ligue", "me liguem", "liguem me", "ligue me", "me ligar", "me retorne",
            "me retornem", "retornar a ligacao", "alguem me ligue", "liguem para mim", "alguem me ligar",
        ]),
        (Cue::Human, &[
            "humano", "humana", "humanos", "ser humano", "pessoa real", "pessoa de verdade", "pessoa humana",
            "pessoa de carne e osso", "atendente", "atendentes", "atendimento humano", "agente", "agentes",
            "operador", "operadora", "assistente humano", "representante", "supervisor", "supervisora",
            "gerente", "responsavel", "consultor", "consultora", "recepcionista", "funcionario",
            "funcionaria", "colaborador", "chefe", "alguem de verdade", "alguem da equipe",
            "alguem da equipa", "meu gerente", "meu consultor",
        ]),
        (Cue::Anyone, &[
            "alguem", "pessoa", "pessoas", "equipe", "equipa", "suporte", "recepcao", "atendimento",
            "atendimento ao cliente", "apoio ao cliente", "tecnico", "colega", "pessoal",
        ]),
        (Cue::Bot, &[
            "bot", "bots", "robo", "robos", "robot", "maquina", "maquinas", "chatbot", "ia", "computador",
        ]),
        (Cue::Open, &[
            "posso", "eu posso", "poderia", "pode", "podem", "voce pode", "podias", "deixa eu", "deixe me",
            "preciso que", "tenho que", "como posso", "como faco para", "como faco pra", "e possivel",
            "seria possivel", "da pra", "da para", "tem como", "nao posso", "nao pode me", "nao da pra",
            "por que nao posso", "se possivel", "se nao",
        ]),
        (Cue::Negation, &[
            "nao", "nao quero", "eu nao quero", "nao preciso", "nao preciso de", "eu nao preciso",
            "nao gostaria de", "nao me transfira", "nao me transfere", "nao me passe", "nao me passa",
            "nao e preciso", "nao precisa", "nunca", "sem", "em vez de", "ao inves de", "cansado de",
            "cansada de", "farto de", "farta de", "odeio", "chega de",
        ]),
        (Cue::Past, &[
            "falei com", "ja falei", "ja falei com", "eu falei", "tinha falado", "estava falando",
            "estava a falar", "estive a falar", "conversei com", "me atendeu", "me disse", "me disseram",
            "ontem", "semana passada", "ultima vez", "fui atendido", "fui transferido",
        ]),
        (Cue::AboutTheBot, &[
            "voce e", "vc e", "tu es", "es um", "es uma", "estou falando", "estou falando com",
            "estou a falar com", "to falando com", "isso e", "isto e", "com quem falo",
            "com quem estou falando", "e voce", "estou conversando com",
        ]),
        (Cue::Conditional, &[
            "se eu", "se eu quiser", "se eu precisar", "se eu precisar de", "se precisar", "se quiser",
            "caso eu", "quando eu", "antes de", "depois de", "devo", "preciso mesmo", "tenho de", "e preciso",
            "e necessario", "sera que preciso",
        ]),
        (Cue::ThirdParty, &[
            "meu marido", "minha esposa", "minha mulher", "meu amigo", "minha amiga", "minha mae", "meu pai",
            "meu filho", "minha filha", "ele quer", "ela quer", "eles querem", "os clientes", "meus clientes",
        ]),
        (Cue::Possessive, &["meu", "minha", "meus", "minhas", "seu", "sua", "nosso", "nossa"]),
        (Cue::Outsider, &[
            "agente de viagens", "agente imobiliario", "agente de seguros", "operador turistico", "meu chefe",
        ]),
        (Cue::Neutral, &[
            "recursos humanos", "direitos humanos", "por pessoa", "para uma pessoa", "duas pessoas",
            "quantas pessoas", "nao sou um robo", "sou uma pessoa", "sou humano", "maquina de lavar",
        ]),
    ],
    unhelpful: &[
        "nao ajudou", "nao me ajudou", "nao ajuda", "nao me ajuda", "isso nao ajuda", "nao funcionou",
        "ainda nao funciona", "continua sem funcionar", "nao foi isso que perguntei",
        "nao foi o que perguntei", "nao e isso que perguntei", "nao respondeu minha pergunta",
        "nao responde minha pergunta", "nao respondeu a minha pergunta", "voce nao entende",
        "voce nao entendeu", "nao me entende", "nao e isso", "isso esta errado", "resposta errada",
        "nao resolve", "nao resolveu", "nao adiantou", "nao adianta", "inutil",
        "continuo com o mesmo problema",
    ],
    resolved: &[
        "funcionou", "agora funciona", "deu certo", "isso ajudou", "me ajudou", "ajudou muito",
        "problema resolvido", "ja resolvi", "resolvido", "esta resolvido", "ja resolveu", "era isso",
        "era o que eu precisava", "tudo certo agora", "ja encontrei", "tudo claro",
    ],
    non_answers: &[
        "eu nao sei", "nao sei responder", "nao sei a resposta", "nao tenho certeza", "nao tenho a certeza",
        "nao tenho essa informacao", "nao tenho informacoes", "nao tenho informacao",
        "nao possuo informacoes", "nao possuo essa informacao", "nao tenho a resposta", "nao encontrei",
        "nao consegui encontrar", "nao posso ajudar com", "nao consigo ajudar com", "nao consigo responder",
        "nao posso responder", "nao entendi", "nao compreendi", "nao consegui entender", "nao entendo",
        "pode reformular", "poderia reformular", "reformular a pergunta", "reformular sua pergunta",
        "de outra forma", "de outra maneira",
    ],
    promises: &[
        "entrara em contato", "entrara em contacto", "vai entrar em contato", "entraremos em contato",
        "entraremos em contacto", "retornara o contato", "vai te atender", "ira te atender",
        "vai lhe responder", "vai responder voce", "vai te responder", "vou te transferir",
        "vou transferir voce", "vou transferi lo", "estou transferindo", "vou te passar", "vou passar voce",
        "vou te conectar", "vou conectar voce", "vou te encaminhar", "vou encaminhar", "um atendente vai",
        "um atendente ira", "um agente vai", "um colega vai", "transferindo voce",
    ],
    courtesies: &[
        "ola", "oi", "bom dia", "boa tarde", "boa noite", "bem vindo", "bem vinda", "como posso ajudar",
        "como posso te ajudar", "em que posso ajudar", "posso ajudar em algo mais", "mais alguma coisa",
        "de nada", "as ordens", "imagina", "obrigado", "obrigada", "muito obrigado", "tenha um otimo dia",
        "tenha um bom dia", "ate logo", "ate breve", "tchau", "sim", "nao", "claro", "sim claro",
        "com certeza", "perfeito", "pronto", "feito",
    ],
    offers: &[
        "voce quer", "quer que", "deseja", "gostaria que", "gostaria de falar", "se quiser", "se preferir",
        "posso te transferir",
    ],
};
