//! The form of one handover action.

use handover_aws::store::Overview;
use handover_core::{
    Assign, Assignee, Bot, ClosingMessage, Directory, HandoverAction, MAX_MESSAGE_CHARS, MAX_NAME_CHARS,
    MAX_PHRASE_CHARS, MAX_PHRASES, MAX_RETRIES, Permille, Scenario, Sensitivity, StaffId,
};
use maud::{Markup, html};

use super::{
    bots::{pause, pause_fields},
    form::Form,
    handover::scenario_name,
    parts::{
        Errors, Field, Icon, assignee_field, assignee_typed, bytes_of, csrf, icon, phi, saves, seen, sure,
        switch, tick,
    },
    visit::Visit,
    words as w,
};
use crate::problem::Problem;

/// The form, with what was typed or is stored.
pub(super) fn form(
    visit: &Visit<'_>,
    bot: &Bot,
    (index, action): (usize, &HandoverAction),
    [version, now]: [u64; 2],
    problem: Option<&Problem>,
    names: &Overview,
    more: bool,
) -> Markup {
    // Its place is behind the list's end when somebody else has removed it.
    let gone = index >= bot.actions.len();
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let of = |field: &str| errors.within(&format!("actions[{index}].{field}"));
    let path = format!("/console/bots/{}/handover", bot.id);
    let remove = html! {
        form method="post" action={ (path) "/remove" } {
            (csrf(&visit.csrf)) (seen(version)) input type="hidden" name="action" value=(action.id);
            button.danger type="submit" { (w::REMOVE) }
        }
    };
    html! {
        form.card.action method="post" action=(path) {
            (csrf(&visit.csrf)) (seen(version)) input type="hidden" name="action" value=(action.id);
            input type="hidden" name="kind" value=(action.scenario.kind().name());
            @if gone { input type="hidden" name="anew" value=(now); }
            div.title-line { h2 { (scenario_name(&action.scenario)) } (switch("enabled", w::ENABLED, action.enabled)) }
            (scenario(visit, action, errors, index, more))
            h3 { (w::THEN) }
            (assignee_field(Field::new("assign", w::ASSIGN_TO).wrong(of("assign")), names, action.assign.as_ref().map(|assign| &assign.to), w::NOBODY_CLAIM))
            (tick("skip_if_assigned", w::SKIP_IF_ASSIGNED, action.assign.as_ref().is_some_and(|assign| assign.skip_if_assigned)))
            (closing(action, of("closing_message")))
            (pause_fields("action", w::PAUSE_THE_BOT, action.pause, of("pause")))
            (tick("create_task", w::CREATE_TASK, action.create_task))
            (Field::new("tag", w::ADD_TAG).hint(w::ADD_TAG_HINT).wrong(of("tag")).max(MAX_NAME_CHARS).noted_at("closing_text").text("text", action.tag.as_deref().unwrap_or_default()))
            (saves(problem, now))
        }
        @if !gone { (sure(w::REMOVE_ACTION, w::REMOVE_ACTION_SURE, &remove)) }
    }
}

/// What the action fires on.
fn scenario(
    visit: &Visit<'_>,
    action: &HandoverAction,
    errors: Errors<'_>,
    index: usize,
    more: bool,
) -> Markup {
    let place = format!("actions[{index}].scenario");
    let error = errors.within(&place);
    let text = match &action.scenario {
        Scenario::HumanRequested { .. } => w::HUMAN_TEXT,
        Scenario::LackOfKnowledge { .. } => w::KNOWLEDGE_TEXT,
        Scenario::RepeatedFailure { .. } => w::FAILURE_TEXT,
        Scenario::Custom { .. } => w::CUSTOM_TEXT,
    };
    html! {
        p.muted { (text) }
        @match &action.scenario {
            Scenario::HumanRequested { sensitivity, phrases: own } => {
                (Field::new("sensitivity", w::SENSITIVITY).hint(w::SENSITIVITY_HINT).choice(&html! {
                    option value="eager" selected[*sensitivity == Sensitivity::Eager] { (w::EAGER) }
                    option value="balanced" selected[*sensitivity == Sensitivity::Balanced] { (w::BALANCED) }
                    option value="strict" selected[*sensitivity == Sensitivity::Strict] { (w::STRICT) }
                }))
                (phrases(visit, action, own, (errors, &place), more))
            },
            Scenario::LackOfKnowledge { evidence_floor } => {
                (Field::new("evidence_floor", w::EVIDENCE_FLOOR).hint(w::EVIDENCE_HINT).wrong(error).number(0, 100, evidence_floor.get() / 10))
            },
            Scenario::RepeatedFailure { max_retries } => {
                (Field::new("max_retries", w::MAX_RETRIES_LABEL).hint(w::MAX_RETRIES_HINT).wrong(error).choice(&html! {
                    @for number in 0..=MAX_RETRIES { option value=(number) selected[number == *max_retries] { (number) } }
                }))
            },
            Scenario::Custom { name, phrases: own } => {
                (Field::new("scenario_name", w::NAME).wrong(errors.of(&format!("{place}.name"))).required().max(MAX_NAME_CHARS).text("text", name))
                (phrases(visit, action, own, (errors, &place), more))
            },
        }
    }
}

/// Phrases of one page, and bytes that they may take there.
const PHRASES: usize = 25;
const PHRASE_BYTES: usize = 14_000;

/// Where the part of a list of phrases ends that begins at `from`.
fn end_of_part(own: &[String], from: usize) -> usize {
    let mut bytes = 0;
    let rest = own.iter().enumerate().skip(from).take(PHRASES);
    let part = rest.take_while(|(_, phrase)| {
        bytes += bytes_of(phrase);
        bytes <= PHRASE_BYTES
    });
    part.last().map_or(own.len().min(from + 1), |(index, _)| index + 1)
}

/// Where the part begins that has a phrase in it.
pub(super) fn part_of(own: &[String], place: usize) -> usize {
    parts(own).into_iter().rfind(|from| *from <= place).unwrap_or(0)
}

/// Where the parts of a list of phrases begin.
fn parts(own: &[String]) -> Vec<usize> {
    let mut starts = vec![0];
    let mut from = end_of_part(own, 0);
    while from < own.len() {
        starts.push(from);
        from = end_of_part(own, from);
    }
    starts
}

/// The part of the phrases that is shown, each in a field of its own.
fn phrases(
    visit: &Visit<'_>,
    action: &HandoverAction,
    own: &[String],
    (errors, place): (Errors<'_>, &str),
    more: bool,
) -> Markup {
    let wanted = visit.query("from").and_then(|from| from.parse().ok()).or_else(|| visit.form.number("from"));
    let wanted = wanted.and_then(|from| usize::try_from(from).ok()).unwrap_or(0);
    let (starts, from) = (parts(own), part_of(own, wanted));
    let to = end_of_part(own, from);
    let blank = usize::from(more || own.is_empty());
    let list = errors.of(&format!("{place}.phrases"));
    let shown = own.iter().map(String::as_str).enumerate().take(to).skip(from);
    html! {
        fieldset.phrases {
            legend { (w::EXAMPLE_PHRASES) }
            p.hint #phrases-hint { (w::PHRASES_HINT) }
            @if starts.len() > 1 {
                // What is not shown stays as it is.
                input type="hidden" name="from" value=(from);
                input type="hidden" name="to" value=(to);
                nav.parts aria-label=(w::EXAMPLE_PHRASES) { @for start in &starts {
                    a href={ "?action=" (action.id) "&from=" (start) } aria-current=[(*start == from).then_some("true")] { (start + 1) "–" (end_of_part(own, *start)) }
                } }
            }
            ul data-phrases {
                @for (index, phrase) in shown.chain(std::iter::repeat_n((to, ""), blank)) {
                    @let error = errors.of(&format!("{place}.phrases[{index}]"));
                    @let described = if error.is_some() { format!("phrases-hint phrases-note phrase-{}-error", index + 1) } else { "phrases-hint phrases-note".to_owned() };
                    li {
                        input #{ "phrase-" (index + 1) } name="phrase" value=(phrase) maxlength=(MAX_PHRASE_CHARS) aria-label={ (w::PHRASE_LABEL) " " (index + 1) }
                            aria-describedby=(described) aria-invalid=[error.map(|_| "true")] autocomplete="off" autofocus[more && index == to];
                        @if let Some(error) = error { p.error #{ "phrase-" (index + 1) "-error" } { (icon(Icon::Warning)) span { (super::layout::sentence(&w::wrong(error))) } } }
                    }
                }
            }
            @if let Some(error) = list { p.error { (icon(Icon::Warning)) span { (super::layout::sentence(&w::wrong(error))) } } }
            @if own.len() < MAX_PHRASES {
                button.quiet type="submit" name="more" value="phrase" formnovalidate data-add-phrase { (icon(Icon::Plus)) (w::ADD_PHRASE) }
            }
            (phi("phrases"))
        }
    }
}

fn closing(action: &HandoverAction, error: Option<&str>) -> Markup {
    let text = match &action.closing_message {
        ClosingMessage::Text(text) => Some(text.as_str()),
        ClosingMessage::SendNothing => None,
    };
    html! {
        fieldset {
            legend { (w::FINAL_MESSAGE) }
            label.tick { input type="radio" name="closing" value="send" checked[text.is_some()]; span { (w::SEND_THIS) } }
            (Field::new("closing_text", w::FINAL_MESSAGE).label_unseen().wrong(error).max(MAX_MESSAGE_CHARS).free().lines(2, text.unwrap_or_default()))
            label.tick { input type="radio" name="closing" value="nothing" checked[text.is_none()]; span { (w::SEND_NOTHING) } }
        }
    }
}

/// The phrases of the form, among those that it did not show.
fn read_phrases(form: &Form, known: &[String]) -> Vec<String> {
    let typed = form.all("phrase").map(str::trim).filter(|phrase| !phrase.is_empty()).map(str::to_owned);
    let place = |name: &str| form.number(name).and_then(|place| usize::try_from(place).ok());
    let (Some(from), Some(to)) = (place("from"), place("to")) else { return typed.collect() };
    let before = known.iter().take(from).cloned();
    before.chain(typed).chain(known.iter().skip(to).cloned()).collect()
}

/// What the form says; its kind of scenario is the known one's.
pub(super) fn read(form: &Form, known: &HandoverAction, directory: &Directory) -> HandoverAction {
    let phrases = || read_phrases(form, known.scenario.phrases());
    let scenario = match &known.scenario {
        Scenario::HumanRequested { .. } => Scenario::HumanRequested {
            sensitivity: match form.get("sensitivity") {
                "eager" => Sensitivity::Eager,
                "strict" => Sensitivity::Strict,
                _ => Sensitivity::Balanced,
            },
            phrases: phrases(),
        },
        Scenario::LackOfKnowledge { evidence_floor } => {
            let percent =
                form.number("evidence_floor").and_then(|percent| u16::try_from(percent.min(100)).ok());
            Scenario::LackOfKnowledge {
                evidence_floor: percent.map_or(*evidence_floor, |percent| Permille::new(percent * 10)),
            }
        }
        Scenario::RepeatedFailure { max_retries } => {
            let retries = form.number("max_retries").and_then(|retries| u8::try_from(retries).ok());
            Scenario::RepeatedFailure { max_retries: retries.unwrap_or(*max_retries) }
        }
        Scenario::Custom { .. } => {
            Scenario::Custom { name: form.get("scenario_name").trim().to_owned(), phrases: phrases() }
        }
    };
    let skip_if_assigned = form.is_on("skip_if_assigned");
    // Whom nobody knows is nobody's id either, so that the settings' own check says so.
    let unknown = || Some(Assignee::Staff(StaffId::from_random([0; 16])));
    let assign = assignee_typed(form.get("assign"), directory).unwrap_or_else(|_| unknown());
    HandoverAction {
        id: known.id.clone(),
        enabled: form.is_on("enabled"),
        scenario,
        assign: assign.map(|to| Assign { to, skip_if_assigned }),
        closing_message: match form.get("closing") {
            "nothing" => ClosingMessage::SendNothing,
            _ => ClosingMessage::Text(form.get("closing_text").to_owned()),
        },
        pause: pause(form, "action"),
        create_task: form.is_on("create_task"),
        tag: form.said("tag").map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_shown_in_parts_that_fit_a_page_and_saved_among_the_others() {
        let own: Vec<String> = (0..60).map(|number| format!("phrase {number}")).collect();
        assert_eq!(parts(&own), [0, 25, 50]);
        assert_eq!((part_of(&own, 24), part_of(&own, 25), part_of(&own, 59)), (0, 25, 50));
        let quotes = vec!["\"".repeat(MAX_PHRASE_CHARS); MAX_PHRASES];
        for (from, to) in parts(&quotes).iter().map(|from| (*from, end_of_part(&quotes, *from))) {
            let bytes: usize = quotes.iter().take(to).skip(from).map(|phrase| bytes_of(phrase)).sum();
            assert!(bytes <= PHRASE_BYTES && to > from, "{from} to {to}: {bytes}");
        }
        assert_eq!((parts(&[]), end_of_part(&[], 0)), (vec![0], 0));
        let form = Form::read(b"from=25&to=50&phrase=new&phrase=+&phrase=newer");
        let merged = read_phrases(&form, &own);
        assert_eq!(merged.len(), 37);
        assert_eq!(
            (merged[24].as_str(), merged[25].as_str(), merged[27].as_str()),
            ("phrase 24", "new", "phrase 50")
        );
        assert_eq!(read_phrases(&Form::read(b"phrase=one"), &own), ["one"]);
    }
}
