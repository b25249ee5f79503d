//! German. Umlauts stand as plain vowels, and once more as the two letters that people type instead.

use super::{Cue, Lists};

#[rustfmt::skip]
pub(super) const LISTS: Lists = Lists {
    code: "de",
    verb_last: true,
    common: &[
        "der", "die", "das", "den", "dem", "ein", "eine", "einen", "einem", "einer", "und", "oder", "aber",
        "ist", "sind", "ich", "du", "sie", "wir", "ihr", "mich", "mir", "uns", "mit", "zu", "zum", "zur",
        "von", "vom", "fur", "fuer", "auf", "in", "im", "am", "an", "um", "es", "hier", "noch", "auch", "nur",
        "mal", "doch", "direkt", "lieber", "was", "wie", "wo", "wer", "wann", "hat", "habe", "haben", "habt",
        "kann", "gerne", "gern", "bei", "nicht", "ob", "echten", "echter", "echte", "etwas",
    ],
    polite: &[
        "bitte", "hallo", "hi", "hey", "guten tag", "guten morgen", "guten abend", "moin", "servus", "danke",
        "danke schon", "vielen dank", "entschuldigung", "entschuldigen sie", "ok", "okay", "ja", "jetzt",
        "sofort", "schnell", "dringend", "jetzt sofort",
    ],
    bare: &[
        "mensch", "einen menschen", "ein mensch", "echter mensch", "einen echten menschen",
        "ein echter mensch", "mitarbeiter", "einen mitarbeiter", "ein mitarbeiter", "mitarbeiterin",
        "menschlicher mitarbeiter", "echte person", "eine echte person", "berater", "kundenberater",
        "ansprechpartner", "agent", "operator", "vorgesetzter", "mitarbeiter sprechen", "mit mensch sprechen",
        "verbinden", "weiterleiten", "durchstellen",
    ],
    cues: &[
        (Cue::Transfer, &[
            "verbinden sie mich", "verbinde mich", "verbindet mich", "mich verbinden", "leiten sie mich",
            "leite mich", "mich weiterleiten", "weiterleiten", "weitergeleitet werden", "stellen sie mich",
            "stell mich durch", "durchstellen", "durchgestellt werden", "weiterverbinden", "verbunden werden",
            "ubergeben sie mich", "uebergeben sie mich",
        ]),
        (Cue::Contact, &[
            "sprechen", "spreche", "reden", "rede", "unterhalten", "telefonieren", "chatten", "schreiben",
            "kontaktieren", "erreichen", "erreiche", "kontakt mit", "kontakt zu", "in kontakt treten",
            "zu tun haben", "wenden",
        ]),
        (Cue::Want, &[
            "ich mochte", "ich moechte", "mochte ich", "moechte ich", "mochte", "moechte", "ich will",
            "will ich", "ich brauche", "brauche", "ich wunsche", "ich hatte gern", "ich hatte gerne",
            "ich haette gern", "ich haette gerne", "ich wurde gern", "ich wurde gerne", "ich wuerde gerne",
            "geben sie mir", "gib mir", "gibt es", "holen sie mir", "ich verlange", "ich bevorzuge",
            "haben sie", "habt ihr", "wo ist", "hilfe von", "kann ich bitte",
        ]),
        (Cue::Callback, &[
            "ruckruf", "rueckruf", "um ruckruf", "um rueckruf", "rufen sie mich an", "rufen sie mich zuruck",
            "rufen sie mich zurueck", "ruft mich an", "ruft mich zuruck", "ruf mich an", "mich anrufen",
            "mich zuruckrufen", "mich zurueckrufen", "mich jemand anrufen", "zuruckgerufen werden",
        ]),
        (Cue::Human, &[
            "mensch", "menschen", "mitarbeiter", "mitarbeiterin", "mitarbeitern", "mitarbeiters",
            "echten person", "echte person", "realen person", "agent", "agenten", "berater", "beraterin",
            "kundenberater", "kundenberaterin", "sachbearbeiter", "sachbearbeiterin", "ansprechpartner",
            "servicemitarbeiter", "support mitarbeiter", "vorgesetzten", "vorgesetzter", "chef", "chefin",
            "filialleiter", "geschaftsfuhrer", "meinem berater", "meinem sachbearbeiter",
            "meinem ansprechpartner", "jemand aus dem team", "jemandem aus dem team",
            "jemandem aus ihrem team",
        ]),
        (Cue::Anyone, &[
            "jemand", "jemanden", "jemandem", "jmd", "person", "personen", "irgendwem", "irgendwen",
            "kundenservice", "kundendienst", "kundenbetreuung", "support", "team", "personal", "kollege",
            "kollegen", "kollegin", "rezeption", "techniker",
        ]),
        (Cue::Bot, &[
            "bot", "bots", "roboter", "robotern", "maschine", "maschinen", "chatbot", "ki", "computer",
            "automat", "automaten",
        ]),
        (Cue::Open, &[
            "kann ich", "konnte ich", "koennte ich", "konnen sie", "koennen sie", "konnten sie",
            "koennten sie", "kannst du", "konntest du", "konnt ihr", "darf ich", "lassen sie mich",
            "lass mich", "ich muss", "wie kann ich", "wie komme ich", "ist es moglich", "ist es moeglich",
            "warum kann ich nicht", "kann ich nicht", "konnte ich nicht", "konnen sie mich nicht",
            "kannst du mich nicht", "wenn moglich", "wenn moeglich",
        ]),
        (Cue::Negation, &[
            "nicht", "kein", "keine", "keinen", "keinem", "keiner", "nie", "niemals", "ohne", "statt",
            "anstatt", "anstelle", "satt", "genug von", "ich will nicht", "ich mochte nicht",
            "ich moechte nicht", "ich will keinen", "ich mochte keinen", "ich brauche keinen",
            "ich brauche keine", "will nicht", "mochte nicht",
        ]),
        (Cue::Past, &[
            "ich habe", "ich hab", "ich hatte", "habe ich", "hatte ich", "habe mit", "hatte mit", "hab mit",
            "wurde ich", "ich wurde", "ich war", "gestern", "letzte woche", "letztes mal", "beim letzten mal",
            "sagte mir", "hat mir gesagt",
        ]),
        (Cue::AboutTheBot, &[
            "bist du", "sind sie", "spreche ich", "spreche ich mit", "rede ich", "rede ich mit",
            "schreibe ich", "schreibe ich mit", "chatte ich", "ist das", "du bist", "sie sind",
            "mit wem spreche ich", "mit wem rede ich", "mit wem schreibe ich",
        ]),
        (Cue::Conditional, &[
            "wenn ich", "falls ich", "wenn man", "sobald ich", "bevor ich", "nachdem ich", "muss ich",
            "musste ich", "soll ich", "sollte ich", "ob ich", "wenn ich mit", "brauche ich", "im falle",
        ]),
        (Cue::ThirdParty, &[
            "mein mann", "meine frau", "mein freund", "meine freundin", "meine mutter", "mein vater",
            "mein sohn", "meine tochter", "er will", "er mochte", "sie will", "kunden", "meine kunden",
        ]),
        (Cue::Possessive, &[
            "mein", "meine", "meinem", "meinen", "meiner", "sein", "seine", "seinem", "seinen", "unser",
            "unserem",
        ]),
        (Cue::Outsider, &[
            "immobilienmakler", "makler", "versicherungsagent", "reiseburomitarbeiter",
            "versicherungsberater",
        ]),
        (Cue::Neutral, &[
            "pro person", "fur eine person", "zwei personen", "wie viele personen", "menschenrechte",
            "ich bin kein roboter", "ich bin ein mensch", "waschmaschine",
        ]),
    ],
    unhelpful: &[
        "hat nicht geholfen", "hat mir nicht geholfen", "hilft nicht", "hilft mir nicht",
        "hilft mir nicht weiter", "hilft mir leider nicht", "nicht hilfreich", "nicht meine frage",
        "nicht das was ich gefragt habe", "das habe ich nicht gefragt", "beantwortet meine frage nicht",
        "funktioniert immer noch nicht", "funktioniert nicht", "geht immer noch nicht", "geht nicht",
        "klappt nicht", "hat nicht geklappt", "hat nicht funktioniert", "das stimmt nicht", "das ist falsch",
        "falsche antwort", "verstehst mich nicht", "verstehen mich nicht", "verstehst du nicht",
        "bringt mir nichts", "bringt nichts", "nutzlos", "nicht gelost", "nicht geloest",
        "immer noch das gleiche problem", "das meinte ich nicht",
    ],
    resolved: &[
        "hat geholfen", "hat mir geholfen", "hat geklappt", "hat funktioniert", "funktioniert jetzt",
        "jetzt funktioniert es", "jetzt geht es", "geht jetzt", "es geht wieder", "problem gelost",
        "problem geloest", "ist gelost", "ist geloest", "hat sich erledigt", "ist erledigt", "das war alles",
        "genau was ich brauchte", "alles klar danke", "frage beantwortet", "habe es gefunden",
    ],
    non_answers: &[
        "das weiss ich nicht", "ich weiss nicht", "ich weiss es nicht", "das weiss ich leider nicht",
        "weiss ich leider nicht", "ich bin mir nicht sicher", "ich bin nicht sicher",
        "keine information dazu", "keine informationen dazu", "keine informationen zu",
        "ich habe keine information", "ich habe keine informationen", "dazu habe ich keine",
        "dazu habe ich leider keine", "ich habe leider keine informationen", "kann ich nicht beantworten",
        "kann ich leider nicht beantworten", "nicht beantworten", "habe ich nicht verstanden",
        "habe sie nicht verstanden", "habe dich nicht verstanden", "nicht richtig verstanden",
        "habe ich leider nicht verstanden", "ich verstehe nicht", "anders formulieren", "umformulieren",
        "neu formulieren", "nichts gefunden", "nichts dazu finden", "konnte ich nicht finden", "konnte keine",
        "ich konnte nichts", "kann ich nicht helfen", "kann ich leider nicht helfen",
        "kann ich dir nicht helfen", "kann ich ihnen nicht helfen",
    ],
    promises: &[
        "meldet sich bei ihnen", "meldet sich bei dir", "meldet sich in kurze", "wird sich bei ihnen melden",
        "wird sich bei dir melden", "wird sich melden", "wir melden uns bei", "wir melden uns",
        "ich verbinde sie", "ich verbinde dich", "ich leite sie weiter", "ich leite dich weiter",
        "ich stelle sie durch", "ich gebe ihre anfrage weiter", "ich gebe das weiter", "ein mitarbeiter wird",
        "ein kollege wird", "eine kollegin wird", "ein mitarbeiter ubernimmt", "ein mensch ubernimmt",
        "jemand wird sich", "ruft sie zuruck", "ruft dich zuruck", "ubernimmt ein mitarbeiter",
    ],
    courtesies: &[
        "hallo", "guten tag", "guten morgen", "guten abend", "moin", "servus", "willkommen",
        "willkommen zuruck", "wie kann ich helfen", "wie kann ich ihnen helfen", "wie kann ich dir helfen",
        "was kann ich fur sie tun", "was kann ich fur dich tun", "womit kann ich helfen",
        "kann ich sonst noch helfen", "sonst noch etwas", "gern", "gerne", "gern geschehen",
        "gerne geschehen", "keine ursache", "bitte sehr", "danke", "vielen dank", "einen schonen tag noch",
        "schonen tag noch", "einen schonen tag", "auf wiedersehen", "tschuss", "bis bald", "ja", "nein",
        "klar", "naturlich", "alles klar", "erledigt", "perfekt",
    ],
    offers: &[
        "mochten sie", "mochtest du", "soll ich", "wollen sie", "willst du", "wenn sie mochten",
        "wenn du mochtest", "wenn sie wollen",
    ],
};
