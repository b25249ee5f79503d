//! The form of one handover action.

use handover_aws::store::Overview;
use handover_core::{
    Assign, Bot, ClosingMessage, HandoverAction, MAX_MESSAGE_CHARS, MAX_NAME_CHARS, MAX_PHRASE_CHARS,
    MAX_PHRASES, MAX_RETRIES, Permille, Scenario, Sensitivity,
};
use maud::{Markup, html};

use super::{
    bots::{pause, pause_fields},
    form::Form,
    handover::scenario_name,
    parts::{Errors, Field, Icon, assignee_of, assignees, csrf, icon, phi, seen, sure, switch, tick},
    visit::Visit,
    words as w,
};
use crate::problem::Problem;

/// The form, with what was typed or is stored.
pub(super) fn form(
    visit: &Visit<'_>,
    bot: &Bot,
    (index, action): (usize, &HandoverAction),
    version: u64,
    problem: Option<&Problem>,
    names: &Overview,
    more: bool,
) -> Markup {
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
            div.title-line { h2 { (scenario_name(&action.scenario)) } (switch("enabled", w::ENABLED, action.enabled)) }
            (scenario(action, of("scenario"), more))
            h3 { (w::THEN) }
            (Field::new("assign", w::ASSIGN_TO).wrong(of("assign")).choice(&html! {
                (assignees(names, action.assign.as_ref().map(|assign| &assign.to), w::NOBODY_CLAIM))
            }))
            (tick("skip_if_assigned", w::SKIP_IF_ASSIGNED, action.assign.as_ref().is_some_and(|assign| assign.skip_if_assigned)))
            (closing(action, of("closing_message")))
            (pause_fields("action", w::PAUSE_THE_BOT, action.pause, of("pause")))
            (tick("create_task", w::CREATE_TASK, action.create_task))
            (Field::new("tag", w::ADD_TAG).hint(w::ADD_TAG_HINT).wrong(of("tag")).around(&html! {
                input #tag name="tag" value=(action.tag.as_deref().unwrap_or_default()) maxlength=(MAX_NAME_CHARS) autocomplete="off" aria-describedby="tag-hint";
            }))
            button type="submit" { (w::SAVE) }
        }
        (sure(w::REMOVE_ACTION, w::REMOVE_ACTION_SURE, &remove))
    }
}

/// What the action fires on.
fn scenario(action: &HandoverAction, error: Option<&str>, more: bool) -> Markup {
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
                (phrases(own, error, more))
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
                (Field::new("scenario_name", w::NAME).around(&html! {
                    input #scenario_name name="scenario_name" value=(name) required maxlength=(MAX_NAME_CHARS) autocomplete="off";
                }))
                (phrases(own, error, more))
            },
        }
    }
}

fn phrases(own: &[String], error: Option<&str>, more: bool) -> Markup {
    let blank = usize::from(more || own.is_empty());
    html! {
        fieldset.phrases {
            legend { (w::EXAMPLE_PHRASES) }
            p.hint { (w::PHRASES_HINT) }
            ul data-phrases {
                @for (index, phrase) in own.iter().map(String::as_str).chain(std::iter::repeat_n("", blank)).enumerate() {
                    li {
                        input name="phrase" value=(phrase) maxlength=(MAX_PHRASE_CHARS) aria-label={ (w::PHRASE_LABEL) " " (index + 1) } autocomplete="off" autofocus[more && index == own.len()];
                    }
                }
            }
            @if let Some(error) = error { p.error { (icon(Icon::Warning)) (super::layout::sentence(error)) } }
            @if own.len() < MAX_PHRASES {
                button.quiet type="submit" name="more" value="phrase" formnovalidate data-add-phrase { (icon(Icon::Plus)) (w::ADD_PHRASE) }
            }
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
            label.hidden for="closing_text" { (w::FINAL_MESSAGE) }
            textarea #closing_text name="closing_text" rows="2" maxlength=(MAX_MESSAGE_CHARS) aria-invalid=[error.map(|_| "true")] { (text.unwrap_or_default()) }
            (phi())
            label.tick { input type="radio" name="closing" value="nothing" checked[text.is_none()]; span { (w::SEND_NOTHING) } }
            @if let Some(error) = error { p.error { (icon(Icon::Warning)) (super::layout::sentence(error)) } }
        }
    }
}

/// What the form says; its kind of scenario is the known one's.
pub(super) fn read(form: &Form, known: &HandoverAction) -> HandoverAction {
    let phrases =
        || form.all("phrase").map(str::trim).filter(|phrase| !phrase.is_empty()).map(str::to_owned).collect();
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
    HandoverAction {
        id: known.id.clone(),
        enabled: form.is_on("enabled"),
        scenario,
        assign: assignee_of(form.get("assign")).map(|to| Assign { to, skip_if_assigned }),
        closing_message: match form.get("closing") {
            "nothing" => ClosingMessage::SendNothing,
            _ => ClosingMessage::Text(form.get("closing_text").to_owned()),
        },
        pause: pause(form, "action"),
        create_task: form.is_on("create_task"),
        tag: form.said("tag").map(str::to_owned),
    }
}
