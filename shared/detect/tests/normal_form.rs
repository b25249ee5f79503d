//! The normal form, in many scripts and under any input.

use handover_core::{Bot, HandoverAction, Scenario};
use handover_detect::{HEAD_CHARS, MAX_CHARS, Prepared, normalise, reply_signals, signals};
use proptest::prelude::*;

#[test]
fn writing_habits_are_taken_away() {
    for (text, normal) in [
        ("", ""),
        ("   \t\r\n ", ""),
        ("?!…", ""),
        ("I want to talk to a human!", "i want to talk to a human"),
        ("  I  WANT\tto\n\ntalk ", "i want to talk"),
        // Apostrophes and quotes of any shape.
        ("I don't", "i dont"),
        ("I don’t", "i dont"),
        ("I don`t", "i dont"),
        ("I don´t", "i dont"),
        ("I donʼt", "i dont"),
        ("I don＇t", "i dont"),
        ("the dogs' “human” ‘agent’ «mensch» „Bitte“", "the dogs human agent mensch bitte"),
        // Elided articles are words of their own.
        ("l'agent d’accueil", "l agent d accueil"),
        ("quelqu'un, s'il vous plaît", "quelqu un s il vous plait"),
        ("C'è un'operatrice all'ufficio?", "c e un operatrice all ufficio"),
        // Accents are not typed by everybody.
        ("¿Dónde está la señora?", "donde esta la senora"),
        ("Größe für Äpfel", "grosse fur apfel"),
        ("GROẞE STRASSE, große Straße", "grosse strasse grosse strasse"),
        ("Não, obrigação", "nao obrigacao"),
        ("Łódź øre æble œuvre þing đak", "lodz ore aeble oeuvre thing dak"),
        // Composed and decomposed.
        ("cafe\u{301}", "cafe"),
        ("café", "cafe"),
        // Turkish: all four letters i are one.
        ("İSTANBUL ISTANBUL istanbul ıstanbul", "istanbul istanbul istanbul istanbul"),
        // Compatibility forms: full width, ligatures, styled letters, circled digits.
        ("Ｈｕｍａｎ　ｐｌｅａｓｅ", "human please"),
        ("ﬁnd oﬃce", "find office"),
        ("𝐡𝐮𝐦𝐚𝐧 𝓪𝓰𝓮𝓷𝓽 ⓐ①", "human agent a1"),
        // Final sigma, Greek accents, Cyrillic.
        ("ΆΝΘΡΩΠΟΣ άνθρωπος", "ανθρωποσ ανθρωποσ"),
        ("ОПЕРАТОР, ещё", "оператор еще"),
        // Arabic with tatweel, vowel points and bidi marks; Hebrew with points.
        ("\u{202b}أُرِيدُ\u{202c} مـــوظف؟", "اريد موظف"),
        ("\u{200f}שָׁלוֹם\u{200e}, נציג", "שלום נציג"),
        // Marks that spell words stay.
        ("मुझे इंसान से बात करनी है", "मुझे इंसान से बात करनी है"),
        ("ขอคุยกับคน", "ขอคุยกับคน"),
        ("人と話したいです。", "人と話したいです"),
        ("ｶﾞｲﾄﾞ", "ガイド"),
        ("사람과 얘기하고 싶어요", "사람과 얘기하고 싶어요"),
        // Emoji and what cannot be seen.
        ("human🙏🏽please👩‍💻!", "human please"),
        ("0️⃣", "0"),
        ("hu\u{200b}m\u{ad}an\u{feff} a\u{2060}gent", "human agent"),
        ("h̷̢̛u̶͎̓m̵̗̀ą̸̎n̵͉͝", "human"),
        ("a\u{0}b\u{7}c", "a b c"),
        ("live-chat/agent_now", "live chat agent now"),
        ("it costs $3.50 (50%)", "it costs 3 50 50"),
    ] {
        assert_eq!(normalise(text), normal, "{text:?}");
    }
}

#[test]
fn long_messages_keep_both_ends() {
    let text = format!("first {} last", "middle ".repeat(5_000));
    let normal = normalise(&text);
    assert!(normal.starts_with("first middle "));
    assert!(normal.ends_with(" middle last"));
    assert!(normal.chars().count() <= MAX_CHARS);
    assert!(normal.chars().count() > MAX_CHARS - 20);
    assert!(normal.split(' ').all(|word| ["first", "middle", "last"].contains(&word)), "no word is cut");

    let exact = "a".repeat(MAX_CHARS);
    assert_eq!(normalise(&exact), exact);
    let endless = format!("{}b", "a".repeat(10 * MAX_CHARS));
    let normal = normalise(&endless);
    assert_eq!(normal.find(' '), Some(HEAD_CHARS), "one endless word is cut where the ends meet");
    assert!(normal.ends_with('b'));
}

#[test]
fn what_grows_is_cut_again() {
    // U+FDFA is one character that decomposes to eighteen.
    let text = "\u{fdfa}".repeat(MAX_CHARS);
    let normal = normalise(&text);
    assert!(normal.chars().count() <= MAX_CHARS);
    assert_eq!(normalise(&normal), normal);
}

#[test]
fn the_two_ends_do_not_meet_in_one_clause() {
    let text = format!("I want to talk to {} a human", "🙂 ".repeat(20_000));
    assert!(!signals(&text).exact_request);
    let text = format!("{} please connect me to a human", "bla ".repeat(20_000));
    assert!(signals(&text).human_request.get() > 900, "the end is read");
}

/// Strings that hold what the normal form is about more often than arbitrary ones.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("’".to_owned()),
        Just("l'".to_owned()),
        Just("\u{1100}\u{200d}\u{1161}".to_owned()),
        Just("\u{b4}e".to_owned()),
        Just("ŉ".to_owned()),
        Just("\u{345}\u{301}".to_owned()),
        Just("\u{1e9e}\u{307}".to_owned()),
        Just("\u{3099}\u{200b}\u{9be}\u{94d}".to_owned()),
        Just("\u{fdfa}".to_owned()),
        Just("\u{390}\u{1fb7}".to_owned()),
        Just(" human, ".to_owned()),
        "[a-zA-Z' .,!]{0,12}",
        "\\PC{0,6}",
        any::<String>(),
    ];
    proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_normal_form_is_its_own(text in text()) {
        let normal = normalise(&text);
        prop_assert_eq!(normalise(&normal), normal);
    }

    #[test]
    fn long_texts_too(text in text(), times in 1_usize..400) {
        let normal = normalise(&text.repeat(times));
        prop_assert!(normal.chars().count() <= MAX_CHARS);
        prop_assert_eq!(normalise(&normal), normal);
    }

    #[test]
    fn words_stand_one_space_apart(text in text()) {
        let normal = normalise(&text);
        prop_assert_eq!(normal.split_whitespace().collect::<Vec<_>>().join(" "), normal);
    }

    #[test]
    fn case_and_width_do_not_matter(text in "[a-z ]{0,40}") {
        let wide: String = text
            .chars()
            .map(|letter| match letter {
                ' ' => '\u{3000}',
                letter => char::from_u32(u32::from(letter) + 0xfee0).unwrap(),
            })
            .collect();
        prop_assert_eq!(normalise(&text.to_uppercase()), normalise(&text));
        prop_assert_eq!(normalise(&wide), normalise(&text));
    }

    #[test]
    fn nothing_panics(text in text()) {
        let signals = signals(&text);
        prop_assert!(signals.human_request.get() <= 1_000);
        prop_assert!(!(signals.exact_request && signals.guard.is_some()));
        reply_signals(&text);
    }

    #[test]
    fn a_phrase_matches_itself(phrase in text()) {
        let mut bot = Bot::new("bot".parse().unwrap(), "Bot");
        let scenario = Scenario::Custom { name: "Any".to_owned(), phrases: vec![phrase.clone()] };
        bot.actions.push(HandoverAction::new("any".parse().unwrap(), scenario));
        let prepared = Prepared::new(&bot);
        let closeness = |text: &str| {
            let matches = prepared.matches(text, &signals(text));
            matches.first().map(|found| found.closeness.get())
        };
        let normal = normalise(&phrase);
        prop_assert_eq!(closeness(&phrase), (!normal.is_empty()).then_some(1_000));
    }
}
