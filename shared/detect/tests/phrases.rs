//! A business's own example phrases.
#![expect(clippy::unwrap_used, reason = "a broken fixture fails the test")]

use handover_core::{Bot, HandoverAction, Permille, Scenario, Sensitivity, Signals};
use handover_detect::{Answers, FLOOR, Prepared, signals};

fn bot(actions: &[(&str, Option<&str>, &[&str])]) -> Bot {
    let mut bot = Bot::new("bot".parse().unwrap(), "Bot");
    for (id, name, phrases) in actions {
        let phrases = phrases.iter().map(|phrase| (*phrase).to_owned()).collect();
        let scenario = match name {
            Some(name) => Scenario::Custom { name: (*name).to_owned(), phrases },
            None => Scenario::HumanRequested { sensitivity: Sensitivity::Balanced, phrases },
        };
        bot.actions.push(HandoverAction::new(id.parse().unwrap(), scenario));
    }
    bot
}

/// Action, phrase and closeness of what a message matches by its words alone.
fn matches(prepared: &Prepared, text: &str) -> Vec<(String, u16, u16)> {
    matches_with(prepared, text, &Signals { vector: None, ..signals(text) })
}

fn matches_with(prepared: &Prepared, text: &str, signals: &Signals) -> Vec<(String, u16, u16)> {
    let found = prepared.matches(text, signals);
    found.into_iter().map(|found| (found.action.to_string(), found.phrase, found.closeness.get())).collect()
}

fn found(action: &str, phrase: u16, closeness: u16) -> (String, u16, u16) {
    (action.to_owned(), phrase, closeness)
}

#[test]
fn equal_normal_forms_match_fully() {
    let prepared =
        Prepared::new(&bot(&[("sales", Some("Sales"), &["I'd like a quote", "Größe falsch", "¿Precio?"])]));
    for (text, phrase) in [
        ("I'd like a quote", 0),
        ("i’d LIKE a quote!!", 0),
        ("Ｉ'd like a quote", 0),
        ("Hello, I'd like a quote please. Thank you", 0),
        ("GRÖSSE FALSCH", 1),
        ("grosse falsch", 1),
        ("precio", 2),
    ] {
        assert_eq!(matches(&prepared, text), [found("sales", phrase, 1_000)], "{text}");
    }
    assert!(matches(&prepared, "I'd like a quotation").is_empty());
    assert!(matches(&prepared, "").is_empty());
}

#[test]
fn courtesies_in_the_phrase_do_not_matter_either() {
    let prepared = Prepared::new(&bot(&[("sales", Some("Sales"), &["Hi, sales please", "thank you"])]));
    assert_eq!(matches(&prepared, "Sales!"), [found("sales", 0, 1_000)]);
    assert_eq!(matches(&prepared, "hello sales"), [found("sales", 0, 1_000)]);
    assert_eq!(matches(&prepared, "Thank you!"), [found("sales", 1, 1_000)]);
    assert!(
        matches(&prepared, "are the sales still on").is_empty(),
        "the phrase itself does not stand there"
    );
}

#[test]
fn contained_phrases_count_by_their_share() {
    let prepared = Prepared::new(&bot(&[("billing", Some("Billing"), &["wrong invoice", "invoice"])]));
    assert_eq!(matches(&prepared, "you sent me the wrong invoice"), [found("billing", 0, 333)]);
    assert_eq!(matches(&prepared, "I lost my invoice"), [found("billing", 1, 250)]);
    assert_eq!(matches(&prepared, "wrong. invoice"), [found("billing", 0, 1_000)], "the whole text is equal");
    assert!(matches(&prepared, "the invoices").is_empty(), "whole words only");
}

#[test]
fn actions_answer_in_list_order() {
    let prepared = Prepared::new(&bot(&[
        ("billing", Some("Billing"), &["invoice"]),
        ("human", None, &["talk to maria"]),
        ("sales", Some("Sales"), &["buy", "new invoice"]),
    ]));
    assert_eq!(
        matches(&prepared, "I want to talk to Maria about my new invoice"),
        [found("billing", 0, 100), found("human", 0, 300), found("sales", 1, 200)]
    );
    assert_eq!(matches(&prepared, "talk to maria"), [found("human", 0, 1_000)]);
}

#[test]
fn the_first_of_equal_phrases_is_named() {
    let prepared = Prepared::new(&bot(&[("sales", Some("Sales"), &["price", "PRICE", "cost"])]));
    assert_eq!(matches(&prepared, "price"), [found("sales", 0, 1_000)]);
    assert_eq!(matches(&prepared, "the cost or the price"), [found("sales", 0, 200)]);
}

#[test]
fn a_refusal_directly_before_takes_it_back() {
    let prepared =
        Prepared::new(&bot(&[("cancel", Some("Cancel"), &["cancel my membership", "kündigen", "refund"])]));
    for text in [
        "I don't want to cancel my membership",
        "please do not cancel my membership",
        "I will never cancel my membership",
        "ich will nicht kündigen",
    ] {
        assert!(matches(&prepared, text).is_empty(), "{text}");
    }
    for text in [
        "I want to cancel my membership",
        "I don't know. Cancel my membership then",
        "I have not received my refund",
        "ich möchte kündigen",
    ] {
        assert_eq!(matches(&prepared, text).len(), 1, "{text}");
    }
}

#[test]
fn guards_hold_for_the_human_requested_scenario_only() {
    let prepared = Prepared::new(&bot(&[
        ("human", None, &["real person"]),
        ("other", Some("Other"), &["a real person"]),
    ]));
    assert_eq!(matches(&prepared, "are you a real person?"), [found("other", 0, 600)]);
    assert_eq!(
        matches(&prepared, "give me a real person, quick"),
        [found("human", 0, 333), found("other", 0, 500)]
    );
    assert_eq!(matches(&prepared, "real person"), [found("human", 0, 1_000)]);
}

#[test]
fn a_very_short_word_counts_in_short_messages_only() {
    let prepared = Prepared::new(&bot(&[("gp", Some("Doctor"), &["GP", "9"])]));
    assert_eq!(matches(&prepared, "gp"), [found("gp", 0, 1_000)]);
    assert_eq!(matches(&prepared, "the gp today please"), [found("gp", 0, 250)]);
    assert!(matches(&prepared, "see you at 9 in the morning then").is_empty());
}

#[test]
fn empty_phrases_and_scenarios_without_phrases_match_nothing() {
    let mut bot = bot(&[("a", Some("A"), &["", "?!", "🙂"])]);
    bot.actions.push(HandoverAction::new("b".parse().unwrap(), Scenario::RepeatedFailure { max_retries: 1 }));
    let prepared = Prepared::new(&bot);
    for text in ["", "🙂", "?!", "hello"] {
        assert!(matches(&prepared, text).is_empty(), "{text}");
    }
}

#[test]
fn disabled_actions_are_matched_for_the_record() {
    let mut bot = bot(&[("sales", Some("Sales"), &["quote"])]);
    bot.actions[0].enabled = false;
    assert_eq!(matches(&Prepared::new(&bot), "quote"), [found("sales", 0, 1_000)]);
}

#[test]
fn scripts_without_spaces_match_when_equal() {
    let prepared = Prepared::new(&bot(&[("ja", Some("Booking"), &["予約したい", "حجز موعد"])]));
    assert_eq!(matches(&prepared, "予約したい！"), [found("ja", 0, 1_000)]);
    assert_eq!(matches(&prepared, "\u{200f}أريد حجز موعد"), [found("ja", 1, 666)]);
}

#[test]
fn what_means_the_same_matches_in_other_words() {
    let prepared = Prepared::new(&bot(&[
        ("cancel", Some("Cancel"), &["I want to cancel my subscription", "close my account"]),
        ("cake", Some("Wedding cakes"), &["quote for a wedding cake", "order a cake for our wedding"]),
    ]));
    for (text, action) in [
        ("please end my membership, I don't need it any more", "cancel"),
        ("I'd like to stop my plan", "cancel"),
    ] {
        let found = matches_with(&prepared, text, &signals(text));
        let actions: Vec<_> = found.iter().map(|(action, ..)| action.as_str()).collect();
        assert_eq!(actions, [action], "{text}: {found:?}");
        assert!(found.iter().all(|(_, _, closeness)| (650..1_000).contains(closeness)), "{text}: {found:?}");
    }
    for text in ["what time do you open on Sunday?", "my parcel has not arrived", "thanks, see you tomorrow"]
    {
        assert!(matches_with(&prepared, text, &signals(text)).is_empty(), "{text}");
    }
}

#[test]
fn meanings_are_kept_for_the_bot_and_the_version_that_they_are_of() {
    let actions: &[(&str, Option<&str>, &[&str])] = &[
        ("cancel", Some("Cancel"), &["I want to cancel my subscription", "?!", "close my account"]),
        ("cake", Some("Wedding cakes"), &["quote for a wedding cake"]),
    ];
    let prepared = Prepared::new(&bot(actions));
    let kept = prepared.meanings();
    assert!(kept.len() < 3 * 150 + 20, "{}", kept.len());
    let read = Prepared::with_meanings(&bot(actions), &kept).unwrap();
    for text in ["please end my membership", "how much is a cake for 80 guests?", "close my account", "hello"]
    {
        let signals = signals(text);
        assert_eq!(read.matches(text, &signals), prepared.matches(text, &signals), "{text}");
    }
    assert!(Prepared::with_meanings(&bot(&actions[..1]), &kept).is_none(), "another bot's");
    let mut earlier = kept.clone();
    earlier[0] ^= 1;
    assert!(Prepared::with_meanings(&bot(actions), &earlier).is_none(), "another version's");
    assert!(Prepared::with_meanings(&bot(actions), &kept[..kept.len() - 1]).is_none());
    assert!(Prepared::with_meanings(&bot(actions), b"").is_none());
    assert!(Prepared::new(&bot(&[("none", Some("None"), &["?!"])])).is_empty());
}

#[test]
fn the_best_answer_comes_first() {
    let entries = [["When do you open?", "opening hours"], ["Where can I park?", "is there a car park"]];
    let answers = Answers::new(entries);
    let ask = |text: &str| answers.best(text, &signals(text), 5);
    let best = |text: &str| ask(text).first().map(|found| (found.entry, found.score));
    assert_eq!(best("Opening hours, please!"), Some((0, Permille::ONE)));
    let (entry, score) = best("can I park my car somewhere").unwrap();
    assert!(entry == 1 && score >= FLOOR && score < Permille::ONE, "{score:?}");
    let (_, score) = best("my dog ate a chocolate bar").unwrap();
    assert!(score < FLOOR, "{score:?}");
    assert_eq!(ask("opening hours").len(), 2);
    assert!(ask("").is_empty());
    assert!(Answers::default().best("hello", &signals("hello"), 3).is_empty());
}
