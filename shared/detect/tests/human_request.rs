//! Requests for a human, and what only looks like one.

use handover_core::{Guard, Sensitivity, Signals};
use handover_detect::{MODEL, signals};

fn fires(signals: &Signals, sensitivity: Sensitivity) -> bool {
    signals.exact_request || (signals.guard.is_none() && signals.human_request >= sensitivity.threshold())
}

#[test]
fn a_message_that_says_nothing_else_is_exact() {
    for text in [
        "I want to talk to a human",
        "i want to talk to a human!!!",
        "Hi, I'd like to speak to a real person please. Thanks",
        "“Human”, please…",
        "ＡＧＥＮＴ",
        "agent",
        "Human please",
        "0",
        "0️⃣",
        "operator",
        "OPERATOR NOW",
        "speak to a person",
        "Can I talk to someone?",
        "can you please transfer me to an agent",
        "connect me with a live agent",
        "I need a human",
        "is there a human here?",
        // Spanish
        "quiero hablar con una persona",
        "Hola, ¿puedo hablar con alguien, por favor?",
        "agente",
        "necesito un agente humano",
        "páseme con un operador",
        "paseme con un operador",
        // French
        "Je voudrais parler à un conseiller",
        "Bonjour, puis-je parler à quelqu’un s'il vous plaît ?",
        "un humain svp",
        "passez-moi un agent",
        // German
        "Ich möchte mit einem Menschen sprechen",
        "ich moechte mit einem mitarbeiter sprechen",
        "Kann ich bitte mit jemandem reden?",
        "Mitarbeiter bitte",
        "Verbinden Sie mich mit einem Berater",
        // Portuguese
        "Quero falar com um atendente",
        "Olá, posso falar com alguém por favor?",
        "atendente",
        "quero falar com uma pessoa de verdade",
        // Italian
        "Vorrei parlare con un operatore",
        "Buongiorno, posso parlare con qualcuno?",
        "operatore umano per favore",
        "mi passi un responsabile",
        // Dutch
        "Ik wil met een medewerker spreken",
        "Hallo, kan ik iemand spreken alstublieft?",
        "een mens aub",
        "verbind me door met een medewerker",
    ] {
        let signals = signals(text);
        assert!(signals.exact_request, "{text}: {signals:?}");
        assert_eq!(signals.guard, None, "{text}");
        assert_eq!(signals.human_request.get(), 1_000, "{text}");
        assert_eq!(signals.model, MODEL);
    }
}

#[test]
fn a_request_within_another_matter_counts_at_balanced() {
    for text in [
        "this is the third time my order is wrong, let me speak to your supervisor",
        "My booking vanished. Could someone talk to me about it?",
        "the answer is useless, put me through to a representative",
        "This isn't getting anywhere so I need to speak to a manager about my bill",
        "I don't want to talk to a bot",
        "stop, no more robots",
        "can someone call me back about the invoice",
        "why can't I just talk to a person about my refund?",
        "I talked to an agent yesterday and now I want to speak with a manager about it",
        "mi pedido está mal, quiero hablar con un supervisor de la tienda",
        "no quiero hablar con un robot",
        "ma commande est en retard, je veux parler à un responsable du magasin",
        "meine Bestellung fehlt, ich will einen Mitarbeiter sprechen der das klärt",
        "warum kann ich nicht mit einem Menschen über die Rechnung sprechen",
        "meu pedido está errado, preciso falar com o gerente da loja",
        "il mio ordine è sbagliato, voglio parlare con un responsabile del negozio",
        "mijn bestelling klopt niet, ik wil iemand van de klantenservice spreken over de factuur",
    ] {
        let signals = signals(text);
        assert!(fires(&signals, Sensitivity::Balanced), "{text}: {signals:?}");
    }
}

#[test]
fn guards_hold() {
    for (text, guard) in [
        ("Please don't transfer me to an agent", Guard::Negation),
        ("don’t connect me", Guard::Negation),
        ("I do not want to talk to a human", Guard::Negation),
        ("no need for a human", Guard::Negation),
        ("no quiero hablar con una persona", Guard::Negation),
        ("je ne veux pas parler à un conseiller", Guard::Negation),
        ("ich möchte nicht mit einem Menschen sprechen", Guard::Negation),
        ("não quero falar com um atendente", Guard::Negation),
        ("non voglio parlare con un operatore", Guard::Negation),
        ("ik wil niet met een medewerker praten", Guard::Negation),
        ("Are you a human?", Guard::AboutTheBot),
        ("am I talking to a real person?", Guard::AboutTheBot),
        ("are you a bot", Guard::AboutTheBot),
        ("¿eres una persona real o un robot?", Guard::AboutTheBot),
        ("êtes-vous un humain ?", Guard::AboutTheBot),
        ("Bist du ein Mensch?", Guard::AboutTheBot),
        ("você é humano?", Guard::AboutTheBot),
        ("sei un operatore umano?", Guard::AboutTheBot),
        ("ben je een echt mens?", Guard::AboutTheBot),
        ("my travel agent booked it for me", Guard::ThirdParty),
        ("my manager has to sign it", Guard::ThirdParty),
        ("my husband will speak to an agent at the airport", Guard::ThirdParty),
        ("mi agente de viajes lo reservó", Guard::ThirdParty),
        ("mon agent immobilier a le double", Guard::ThirdParty),
        ("mein Makler kommt auch", Guard::ThirdParty),
        ("meu agente de viagens reservou", Guard::ThirdParty),
        ("il mio agente immobiliare ha le chiavi", Guard::ThirdParty),
        ("mijn makelaar heeft de sleutel", Guard::ThirdParty),
        ("I spoke to an agent yesterday about this", Guard::PastEvent),
        ("ayer hablé con un agente", Guard::PastEvent),
        ("j'ai parlé à un conseiller hier", Guard::PastEvent),
        ("ich habe gestern mit einem Mitarbeiter gesprochen", Guard::PastEvent),
        ("ontem falei com um atendente", Guard::PastEvent),
        ("ieri ho parlato con un operatore", Guard::PastEvent),
        ("gisteren heb ik met een medewerker gesproken", Guard::PastEvent),
        ("If I wanted to speak to an agent, what would it cost?", Guard::Conditional),
        ("do I have to talk to someone to cancel", Guard::Conditional),
        ("si quisiera hablar con un agente, cuánto cuesta", Guard::Conditional),
        ("si je voulais parler à un conseiller, ce serait payant ?", Guard::Conditional),
        ("Wenn ich mit einem Berater sprechen würde, was kostet das", Guard::Conditional),
        ("se eu quiser falar com um atendente, quanto custa", Guard::Conditional),
        ("se volessi parlare con un operatore, quanto costa", Guard::Conditional),
        ("als ik met een medewerker wil spreken, wat kost dat", Guard::Conditional),
    ] {
        let signals = signals(text);
        assert_eq!(signals.guard, Some(guard), "{text}: {signals:?}");
        assert!(!fires(&signals, Sensitivity::Eager), "{text}: {signals:?}");
    }
}

#[test]
fn ordinary_messages_say_nothing() {
    for text in [
        "",
        "👍",
        "What time do you open on Sunday?",
        "Can I book a table for two people?",
        "I want to buy a gift for someone",
        "I need somebody to come and fix my oven",
        "do you have a human resources department",
        "what's your contact number?",
        "I am not a robot",
        "transfer 50 dollars to my savings account",
        "¿Cuánto cuesta por persona?",
        "une table pour deux personnes",
        "ein Tisch für zwei Personen",
        "mesa para duas pessoas",
        "een tafel voor twee personen",
        "予約したいです",
        "هل أنتم مفتوحون اليوم؟",
    ] {
        let signals = signals(text);
        assert_eq!((signals.guard, signals.exact_request), (None, false), "{text}");
        assert!(!fires(&signals, Sensitivity::Balanced), "{text}: {signals:?}");
        assert_eq!(signals.fingerprint.is_some(), text.chars().any(char::is_alphanumeric), "{text}");
        assert_eq!(signals.vector.is_some(), signals.fingerprint.is_some(), "{text}");
    }
}

#[test]
fn a_short_request_counts_with_junk_behind_it() {
    for text in ["human please m2-1", "agent pls 12", "a human please x7", "operator ref 4471"] {
        assert!(fires(&signals(text), Sensitivity::Balanced), "{text}: {:?}", signals(text));
    }
}

#[test]
fn sensitivity_orders_what_is_less_and_less_clear() {
    let levels = |text: &str| {
        let signals = signals(text);
        [Sensitivity::Eager, Sensitivity::Balanced, Sensitivity::Strict].map(|level| fires(&signals, level))
    };
    assert_eq!(levels("talk to an agent about my bill"), [true, true, true]);
    assert_eq!(levels("talk to someone about my bill"), [true, true, false]);
    assert_eq!(levels("the bill is wrong, transfer me").get(..2), Some([true, true].as_slice()));
    assert_eq!(levels("the bill is wrong"), [false, false, false]);
}

#[test]
fn a_guard_ends_where_the_client_says_what_they_want() {
    let request = signals("you don't get it I want to talk to a human about the bill");
    assert_eq!((request.guard, fires(&request, Sensitivity::Strict)), (None, true));
    let request = signals("I don't want a human. Just tell me the price");
    assert_eq!(request.guard, Some(Guard::Negation));
    let request = signals("are you a bot? then connect me to a person at the clinic");
    assert_eq!((request.guard, fires(&request, Sensitivity::Strict)), (None, true));
}
