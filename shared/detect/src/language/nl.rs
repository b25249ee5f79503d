//! Dutch.

use super::{Cue, Lists};

#[rustfmt::skip]
pub(super) const LISTS: Lists = Lists {
    code: "nl",
    verb_last: true,
    common: &[
        "de", "het", "een", "en", "of", "maar", "ik", "je", "jij", "u", "we", "wij", "jullie", "me", "mij",
        "met", "van", "voor", "op", "in", "aan", "bij", "naar", "te", "om", "is", "zijn", "ben", "er", "hier",
        "dit", "dat", "die", "deze", "wat", "wie", "waar", "hoe", "wanneer", "ook", "nog", "wel", "niet",
        "eens", "even", "toch", "heb", "hebt", "heeft", "graag", "liever", "gewoon", "direct", "mijn", "echt",
        "echte", "iets",
    ],
    polite: &[
        "alsjeblieft", "alstublieft", "aub", "ajb", "svp", "hallo", "hoi", "hi", "hey", "goedemorgen",
        "goedemiddag", "goedenavond", "goedendag", "bedankt", "dank u", "dank je", "dank u wel", "dankjewel",
        "sorry", "ok", "oke", "ja", "nu", "meteen", "snel", "dringend", "graag",
    ],
    bare: &[
        "mens", "een mens", "echt mens", "een echt mens", "echt persoon", "een echt persoon", "echte persoon",
        "een echte persoon", "medewerker", "een medewerker", "de medewerker", "medewerkster", "agent",
        "een agent", "operator", "adviseur", "een adviseur", "klantenservice medewerker",
        "medewerker klantenservice", "menselijke medewerker", "leidinggevende", "manager", "de manager",
        "medewerker spreken", "doorverbinden", "verbind me door",
    ],
    cues: &[
        (Cue::Transfer, &[
            "verbind me door", "verbind mij door", "verbind me", "verbind mij", "doorverbinden",
            "doorverbonden worden", "doorverbonden", "me doorverbinden", "mij doorverbinden", "zet me door",
            "doorsturen", "stuur me door", "doorgeschakeld worden", "schakel me door", "breng me in contact",
            "breng mij in contact",
        ]),
        (Cue::Contact, &[
            "spreken", "spreek", "praten", "praat", "chatten", "bellen met", "overleggen", "bereiken",
            "contact met", "contact opnemen", "contact krijgen", "te maken hebben", "te woord",
        ]),
        (Cue::Want, &[
            "ik wil", "wil ik", "ik wou", "ik zou", "zou ik", "ik heb nodig", "nodig", "geef me", "geef mij",
            "is er", "zijn er", "ik eis", "ik verlang", "hebben jullie", "heeft u", "waar is", "ik zoek",
            "hulp van", "ik heb liever", "mag ik een", "mag ik de",
        ]),
        (Cue::Callback, &[
            "bel me", "bel mij", "bel me terug", "bel mij terug", "terugbellen", "teruggebeld worden",
            "teruggebeld", "kan iemand me bellen", "kan iemand mij bellen", "iemand me belt",
            "iemand mij belt", "gebeld worden", "me bellen", "mij bellen",
        ]),
        (Cue::Human, &[
            "mens", "mensen", "echt mens", "echt persoon", "echte persoon", "echte mensen", "medewerker",
            "medewerkers", "medewerkster", "agent", "adviseur", "operator", "vertegenwoordiger",
            "leidinggevende", "manager", "chef", "baas", "supervisor", "receptionist", "receptioniste",
            "klantenservicemedewerker", "mijn adviseur", "iemand van vlees en bloed",
            "iemand van jullie team", "iemand van het team",
        ]),
        (Cue::Anyone, &[
            "iemand", "iemand anders", "persoon", "personen", "team", "personeel", "balie", "receptie",
            "support", "klantenservice", "klantendienst", "helpdesk", "collega",
        ]),
        (Cue::Bot, &[
            "bot", "bots", "robot", "robots", "machine", "chatbot", "ai", "computer", "automaat", "computers",
        ]),
        (Cue::Open, &[
            "kan ik", "kunt u", "kan je", "kun je", "kunnen jullie", "kunnen we", "mag ik", "laat me",
            "laat mij", "ik moet", "hoe kan ik", "hoe kom ik", "is het mogelijk", "waarom kan ik niet",
            "kan ik niet", "kunt u me niet", "kun je me niet", "kan je me niet", "zou ik graag",
            "ik wil gewoon", "indien mogelijk", "als het kan",
        ]),
        (Cue::Negation, &[
            "niet", "geen", "nooit", "zonder", "in plaats van", "ik wil niet", "ik hoef niet", "ik hoef geen",
            "ik wil geen", "hoef niet", "wil niet", "wil geen", "niet nodig", "nee", "zat van", "beu",
            "genoeg van", "ik zou niet",
        ]),
        (Cue::Past, &[
            "ik heb", "ik had", "heb ik", "had ik", "ik sprak", "gisteren", "vorige week", "vorige keer",
            "laatste keer", "ik was", "ik werd", "ben ik doorverbonden", "zei dat", "zei tegen me",
        ]),
        (Cue::AboutTheBot, &[
            "ben je", "ben jij", "bent u", "spreek ik", "spreek ik met", "praat ik", "praat ik met",
            "chat ik met", "is dit", "jij bent", "u bent", "je bent", "met wie spreek ik", "met wie praat ik",
        ]),
        (Cue::Conditional, &[
            "als ik", "wanneer ik", "zodra ik", "voordat ik", "nadat ik", "moet ik", "zou ik moeten",
            "indien ik", "of ik",
        ]),
        (Cue::ThirdParty, &[
            "mijn man", "mijn vrouw", "mijn vriend", "mijn vriendin", "mijn moeder", "mijn vader",
            "mijn zoon", "mijn dochter", "hij wil", "zij wil", "klanten", "mijn klanten",
        ]),
        (Cue::Possessive, &["mijn", "zijn", "haar", "hun", "onze", "ons"]),
        (Cue::Outsider, &[
            "reisagent", "makelaar", "verzekeringsagent", "politieagent", "touroperator", "mijn baas",
            "mijn chef",
        ]),
        (Cue::Neutral, &[
            "per persoon", "voor een persoon", "twee personen", "hoeveel personen", "hoeveel mensen",
            "mensenrechten", "ik ben geen robot", "ik ben een mens", "wasmachine",
        ]),
    ],
    unhelpful: &[
        "heeft niet geholpen", "helpt niet", "helpt me niet", "helpt mij niet", "dat helpt niet",
        "niet behulpzaam", "heb ik niets aan", "daar heb ik niks aan", "dat was mijn vraag niet",
        "dat is niet mijn vraag", "dat vroeg ik niet", "geen antwoord op mijn vraag", "werkt nog steeds niet",
        "werkt niet", "heeft niet gewerkt", "dat klopt niet", "fout antwoord", "verkeerd antwoord",
        "je begrijpt me niet", "je begrijpt het niet", "u begrijpt me niet", "je snapt het niet", "nutteloos",
        "niet opgelost", "nog steeds hetzelfde probleem", "dat bedoel ik niet",
    ],
    resolved: &[
        "heeft geholpen", "dat helpt", "het werkt nu", "werkt nu", "het is gelukt", "dat is gelukt", "gelukt",
        "is opgelost", "probleem opgelost", "opgelost", "dat was alles", "precies wat ik nodig had",
        "helemaal duidelijk", "duidelijk bedankt", "heb het gevonden",
    ],
    non_answers: &[
        "dat weet ik niet", "ik weet het niet", "ik weet niet", "weet ik helaas niet",
        "ik weet het helaas niet", "ik ben niet zeker", "ik weet niet zeker", "geen informatie over",
        "geen informatie hierover", "ik heb geen informatie", "ik heb die informatie niet",
        "daar heb ik geen informatie", "daar heb ik geen antwoord op", "ik heb geen antwoord",
        "kan ik niet beantwoorden", "kan ik helaas niet beantwoorden", "niet beantwoorden",
        "ik begrijp het niet", "ik begrijp u niet", "ik begrijp je niet", "niet begrepen",
        "niet goed begrepen", "anders formuleren", "anders verwoorden", "herformuleren", "niets gevonden",
        "niet vinden", "kan ik niet bij helpen", "kan ik je niet mee helpen", "kan ik u niet mee helpen",
    ],
    promises: &[
        "neemt contact met je op", "neemt contact met u op", "neemt zo snel mogelijk contact",
        "zal contact met je opnemen", "zal contact met u opnemen", "we nemen contact met",
        "wij nemen contact met", "ik verbind je door", "ik verbind u door", "ik verbind u", "ik verbind je",
        "ik zet je door", "ik schakel je door", "ik schakel u door", "ik geef het door", "ik geef dit door",
        "een medewerker zal", "een collega zal", "een medewerker neemt", "een collega neemt", "iemand zal",
        "belt u terug", "belt je terug",
    ],
    courtesies: &[
        "hallo", "hoi", "dag", "goedemorgen", "goedemiddag", "goedenavond", "welkom", "welkom terug",
        "waarmee kan ik helpen", "waarmee kan ik u helpen", "waarmee kan ik je helpen",
        "wat kan ik voor u doen", "wat kan ik voor je doen", "kan ik nog ergens mee helpen", "graag gedaan",
        "geen probleem", "geen dank", "dank u", "dank u wel", "dank je wel", "bedankt", "fijne dag",
        "fijne dag nog", "tot ziens", "tot snel", "ja", "nee", "ja hoor", "natuurlijk", "prima", "geregeld",
    ],
    offers: &[
        "wil je", "wilt u", "zal ik", "als je wilt", "als u wilt", "wil je liever",
    ],
};
