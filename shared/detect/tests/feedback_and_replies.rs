//! What clients say about an answer, and what a bot's reply says about itself.

use handover_core::Feedback;
use handover_detect::{reply_signals, signals};

#[test]
fn feedback() {
    for (text, feedback) in [
        ("That didn’t help at all", Feedback::Unhelpful),
        ("no, that's not what I asked", Feedback::Unhelpful),
        ("it worked but the other thing still doesn't work", Feedback::Unhelpful),
        ("That worked, thanks!", Feedback::Resolved),
        ("problem solved", Feedback::Resolved),
        ("my problem is not solved", Feedback::Unhelpful),
        ("Eso no me ayudó", Feedback::Unhelpful),
        ("¡Ya funciona, gracias!", Feedback::Resolved),
        ("Ça ne m'aide pas", Feedback::Unhelpful),
        ("ça marche maintenant, merci", Feedback::Resolved),
        ("Das hilft mir nicht weiter", Feedback::Unhelpful),
        ("hat geklappt, danke", Feedback::Resolved),
        ("isso não me ajudou", Feedback::Unhelpful),
        ("deu certo, obrigada", Feedback::Resolved),
        ("non mi ha aiutato", Feedback::Unhelpful),
        ("ora funziona, grazie", Feedback::Resolved),
        ("dat helpt niet", Feedback::Unhelpful),
        ("het is gelukt, bedankt", Feedback::Resolved),
        ("What time do you open?", Feedback::Neutral),
        ("thanks", Feedback::Neutral),
        ("", Feedback::Neutral),
    ] {
        assert_eq!(signals(text).feedback, feedback, "{text}");
    }
}

#[test]
fn non_answers() {
    for reply in [
        "I'm sorry, I don't have information about that.",
        "I’m not sure I understand. Could you rephrase?",
        "Sorry, I don't have that. Could you put it another way?",
        "Lo siento, no tengo esa información.",
        "Désolé, je n'ai pas compris votre question.",
        "Das weiß ich leider nicht.",
        "Desculpe, não entendi.",
        "Mi dispiace, non ho capito.",
        "Sorry, dat weet ik niet.",
    ] {
        let signals = reply_signals(reply);
        assert!(signals.non_answer && !signals.promises_person, "{reply}: {signals:?}");
    }
}

#[test]
fn promises_of_a_person() {
    for reply in [
        "Let me connect you with a colleague.",
        "Thank you! Someone from the team will get back to you.",
        "I'll transfer you to an agent now.",
        "Un agente te contactará pronto.",
        "Je vous mets en relation avec un conseiller.",
        "Ich verbinde Sie mit einem Mitarbeiter.",
        "Vou te transferir para um atendente.",
        "La metto in contatto con un operatore.",
        "Ik verbind u door met een medewerker.",
    ] {
        let signals = reply_signals(reply);
        assert!(signals.promises_person && !signals.non_answer, "{reply}: {signals:?}");
    }
}

#[test]
fn answers_and_offers_are_neither() {
    for reply in [
        "",
        "Hello! How can I help you?",
        "You're welcome. Have a nice day!",
        "Yes.",
        "¡Hola! ¿En qué puedo ayudarle?",
        "Gern geschehen, schönen Tag noch!",
        "Unfortunately we are closed on Sundays.",
        "We are open from 9 to 5.",
        "Sorry, the red one is sold out, but the blue one is in stock.",
        "Would you like me to have someone call you?",
        "If you like, I'll connect you with a colleague.",
        "Lamentablemente cerramos los domingos.",
        "Malheureusement nous sommes fermés le dimanche.",
        "Leider haben wir sonntags geschlossen.",
        "Soll ich Ihnen einen Termin geben?",
        "Infelizmente fechamos aos domingos.",
        "Purtroppo la domenica siamo chiusi.",
        "Helaas zijn we op zondag gesloten.",
    ] {
        let signals = reply_signals(reply);
        assert!(!signals.non_answer && !signals.promises_person, "{reply}: {signals:?}");
    }
}
