//! Bot Goals > Set up your actions > Human Handover: on the left the scenarios, each with its switch; on the
//! right what the chosen one fires on and what happens then. Every save makes a new revision of the bot, on
//! the one that its maker has seen.

use handover_aws::store::Overview;
use handover_core::{
    ActionId, Bot, BotId, BotRevision, HandoverAction, Inbox, MAX_ACTIONS, MAX_REPLY_CHARS, MAX_RETRIES,
    Permille, Scenario, Sensitivity,
};
use http::Method;
use maud::{Markup, html};
use serde_json::json;

use super::{
    Page, Reply, Shown,
    bots::{Part, head},
    editor,
    layout::Nav,
    parts::{Field, Icon, csrf, icon, percent, refused, seen},
    visit::{Asking, Visit},
    words as w,
};
use crate::{
    lint::{self, Missing, Warning},
    problem::Problem,
    tryout::{OfAction, Tried, Why, try_out},
};

/// What is shown beside the bot as it is stored.
#[derive(Default)]
struct Beside<'a> {
    problem: Option<&'a Problem>,
    /// The action as it was typed.
    typed: Option<&'a HandoverAction>,
    /// The version that it was typed on.
    on: Option<u64>,
    /// The typed action is none of the bot's any more.
    gone: bool,
    tried: Option<Tried>,
    /// Why a message was not tried.
    untried: Option<&'a Problem>,
    /// Another empty phrase is wanted.
    more: bool,
}

async fn found(visit: &Visit<'_>) -> Result<BotRevision, Problem> {
    let id: BotId = visit.id("bot")?;
    visit.store().bot_settings(&visit.account.id, &id).await?.ok_or_else(Problem::not_found)
}

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let found = found(visit).await?;
    Ok(page(visit, &found, &Beside::default()).await?.into())
}

fn path(bot: &BotId) -> String {
    format!("/console/bots/{bot}/handover")
}

async fn page(visit: &Visit<'_>, found: &BotRevision, beside: &Beside<'_>) -> Result<Page, Problem> {
    let overview = visit.overview().await?;
    let bot = &found.bot;
    let supplies = lint::Supplies::of(visit.api, &visit.account.id, bot).await?;
    let chosen = visit.query("action").or_else(|| visit.form.said("action"));
    let chosen = chosen.and_then(|id| bot.actions.iter().position(|action| action.id.as_str() == id));
    let chosen = if beside.gone { bot.actions.len() } else { chosen.unwrap_or(0) };
    let action = beside.typed.or_else(|| bot.actions.get(chosen));
    let version = beside.on.unwrap_or(found.revision);
    let body = html! {
        (head(&bot.id, &bot.name, Part::Goals))
        (refused(beside.problem))
        @if !bot.handover { p.notice.warn { (icon(Icon::Warning)) span { (w::BOT_HANDOVER_OFF) " " a href={ "/console/bots/" (bot.id) } { (w::BOT_SETTINGS) } } } }
        div.editor {
            (scenarios(visit, found, chosen))
            div.editor-main {
                @if let Some(action) = action {
                    (editor::form(visit, bot, (chosen, action), [version, found.revision], beside.problem, &overview, beside.more))
                } @else {
                    div.empty { (icon(Icon::Hand)) h2 { (w::NO_ACTIONS) } p { (w::NO_ACTIONS_TEXT) } }
                }
            }
            aside.editor-side {
                (try_box(visit, bot, action, beside))
                (linter(&overview, bot, &supplies))
            }
        }
    };
    let page = Page::new(Nav::Bots, w::HUMAN_HANDOVER, body);
    Ok(match action {
        Some(action) if !beside.gone => page.at(format!("{}?action={}", path(&bot.id), action.id)),
        _ => page.at(path(&bot.id)),
    })
}

/// The name of a scenario, as people know it.
pub(super) fn scenario_name(scenario: &Scenario) -> &str {
    match scenario {
        Scenario::HumanRequested { .. } => w::SCENARIO_HUMAN,
        Scenario::LackOfKnowledge { .. } => w::SCENARIO_KNOWLEDGE,
        Scenario::RepeatedFailure { .. } => w::SCENARIO_FAILURE,
        Scenario::Custom { name, .. } => name,
    }
}

/// The left panel: every scenario with its switch and its place.
fn scenarios(visit: &Visit<'_>, found: &BotRevision, chosen: usize) -> Markup {
    let (bot, path) = (&found.bot, path(&found.bot.id));
    let hidden = |action: &HandoverAction| {
        html! { (csrf(&visit.csrf)) (seen(found.revision)) input type="hidden" name="action" value=(action.id); }
    };
    let kinds = [
        ("human_requested", w::SCENARIO_HUMAN),
        ("lack_of_knowledge", w::SCENARIO_KNOWLEDGE),
        ("repeated_failure", w::SCENARIO_FAILURE),
        ("custom", w::SCENARIO_CUSTOM),
    ];
    html! {
        section.scenarios aria-label=(w::SCENARIOS) {
            h2 { (w::SCENARIOS) " " span.muted { (bot.actions.len()) " / " (MAX_ACTIONS) } }
            p.muted { (w::ORDER_MATTERS) }
            ol { @for (index, action) in bot.actions.iter().enumerate() {
                li.scenario aria-current=[(index == chosen).then_some("true")] {
                    a href={ (path) "?action=" (action.id) } { (scenario_name(&action.scenario)) }
                    form method="post" action={ (path) "/switch" } {
                        (hidden(action))
                        button.toggle type="submit" role="switch" aria-checked=(action.enabled.to_string()) name="enabled"
                            value=(if action.enabled { "off" } else { "on" }) aria-label={ (scenario_name(&action.scenario)) } { span.track {} }
                    }
                    form.order method="post" action={ (path) "/move" } {
                        (hidden(action))
                        button.plain type="submit" name="by" value="up" disabled[index == 0] aria-label={ (w::MOVE_UP) ": " (scenario_name(&action.scenario)) } { (icon(Icon::Up)) }
                        button.plain type="submit" name="by" value="down" disabled[index + 1 == bot.actions.len()] aria-label={ (w::MOVE_DOWN) ": " (scenario_name(&action.scenario)) } { (icon(Icon::Down)) }
                    }
                }
            } }
            form.add method="post" action={ (path) "/add" } {
                (csrf(&visit.csrf)) (seen(found.revision))
                label for="kind" { (w::ADD_SCENARIO) }
                div.inline {
                    select #kind name="kind" { @for (name, label) in kinds { option value=(name) { (label) } } }
                    button.quiet type="submit" { (icon(Icon::Plus)) (w::ADD) }
                }
            }
        }
    }
}

/// Saves the chosen action as it was typed.
pub(super) async fn save(visit: &Visit<'_>) -> Shown {
    let found = found(visit).await?;
    let Some(known) = chosen(visit, &found.bot) else { return save_anew(visit, &found).await };
    let typed = editor::read(&visit.form, known, &visit.names().directory);
    let on = visit.form.number("seen");
    if visit.form.said("more").is_some() {
        // Without a script: the same form with one more empty phrase.
        let beside = Beside { typed: Some(&typed), on, more: true, ..Beside::default() };
        return Ok(page(visit, &found, &beside).await?.into());
    }
    let mut bot = found.bot.clone();
    for action in &mut bot.actions {
        if action.id == typed.id {
            action.clone_from(&typed);
        }
    }
    match visit.save_bot(&bot).await {
        Ok(()) => Ok(Reply::Go(format!("{}?action={}&done=saved", path(&bot.id), typed.id))),
        Err(problem) => {
            let beside = Beside { problem: Some(&problem), typed: Some(&typed), on, ..Beside::default() };
            Ok(page(visit, &found, &beside).await?.status(problem.status).into())
        }
    }
}

/// What was typed for an action that somebody else has removed: kept, and a new one when it is saved again.
async fn save_anew(visit: &Visit<'_>, found: &BotRevision) -> Shown {
    let id = visit.id_in_form("action")?;
    let known = HandoverAction::new(id, new_scenario(visit.form.get("kind")));
    let typed = editor::read(&visit.form, &known, &visit.names().directory);
    let told = visit.form.number("anew") == Some(found.revision);
    let problem = if told {
        let mut bot = found.bot.clone();
        bot.actions.push(typed.clone());
        match visit.save_bot(&bot).await {
            Ok(()) => return Ok(Reply::Go(format!("{}?action={}&done=added", path(&bot.id), typed.id))),
            Err(problem) => problem,
        }
    } else {
        Problem::conflict("removed", w::REMOVED_MEANWHILE, w::REMOVED_MEANWHILE_DETAIL)
    };
    let beside = Beside { problem: Some(&problem), typed: Some(&typed), gone: true, ..Beside::default() };
    Ok(page(visit, found, &beside).await?.status(problem.status).into())
}

fn chosen<'b>(visit: &Visit<'_>, bot: &'b Bot) -> Option<&'b HandoverAction> {
    let id = visit.form.get("action");
    bot.actions.iter().find(|action| action.id.as_str() == id)
}

/// Changes the bot's list of actions, and comes back.
async fn change(visit: &Visit<'_>, done: &str, edit: impl FnOnce(&mut Bot) -> Option<ActionId>) -> Shown {
    let found = found(visit).await?;
    let mut bot = found.bot.clone();
    let show = edit(&mut bot);
    match visit.save_bot(&bot).await {
        Ok(()) => {
            let action = show.map(|id| format!("action={id}&")).unwrap_or_default();
            Ok(Reply::Go(format!("{}?{action}done={done}", path(&bot.id))))
        }
        Err(problem) => {
            let beside = Beside { problem: Some(&problem), ..Beside::default() };
            Ok(page(visit, &found, &beside).await?.status(problem.status).into())
        }
    }
}

/// A new action at the list's end. It is switched off where it cannot work yet: a custom one without
/// phrases.
pub(super) async fn add(visit: &Visit<'_>) -> Shown {
    let id = ActionId::from_random(visit.api.random.bytes());
    let scenario = new_scenario(visit.form.get("kind"));
    let custom = matches!(scenario, Scenario::Custom { .. });
    let pause = handover_core::Pause::For { days: 0, hours: 1, minutes: 0 };
    let action = HandoverAction { enabled: !custom, pause, ..HandoverAction::new(id.clone(), scenario) };
    change(visit, "added", |bot| {
        bot.actions.push(action);
        Some(id)
    })
    .await
}

/// What a new action of a kind fires on.
fn new_scenario(kind: &str) -> Scenario {
    match kind {
        "lack_of_knowledge" => Scenario::LackOfKnowledge { evidence_floor: Permille::new(350) },
        "repeated_failure" => Scenario::RepeatedFailure { max_retries: MAX_RETRIES },
        "custom" => {
            let (name, phrases) = (w::NEW_CUSTOM.to_owned(), vec![w::NEW_CUSTOM_PHRASE.to_owned()]);
            Scenario::Custom { name, phrases }
        }
        _ => Scenario::HumanRequested { sensitivity: Sensitivity::Balanced, phrases: Vec::new() },
    }
}

pub(super) async fn remove(visit: &Visit<'_>) -> Shown {
    change(visit, "removed", |bot| {
        bot.actions.retain(|action| action.id.as_str() != visit.form.get("action"));
        None
    })
    .await
}

pub(super) async fn reorder(visit: &Visit<'_>) -> Shown {
    change(visit, "saved", |bot| {
        let at = bot.actions.iter().position(|action| action.id.as_str() == visit.form.get("action"))?;
        let to = if visit.form.get("by") == "up" { at.checked_sub(1)? } else { at + 1 };
        if to < bot.actions.len() {
            bot.actions.swap(at, to);
        }
        bot.actions.get(to.min(bot.actions.len() - 1)).map(|action| action.id.clone())
    })
    .await
}

pub(super) async fn switch(visit: &Visit<'_>) -> Shown {
    let on = visit.form.get("enabled") == "on";
    change(visit, if on { "on" } else { "off" }, |bot| {
        let found = bot.actions.iter_mut().find(|action| action.id.as_str() == visit.form.get("action"))?;
        found.enabled = on;
        Some(found.id.clone())
    })
    .await
}

/// Says what a message would lead to.
pub(super) async fn try_it(visit: &Visit<'_>) -> Shown {
    let found = found(visit).await?;
    let text = visit.form.get("text");
    let ids = [("bot", found.bot.id.as_str())];
    let body = json!({"text": text});
    match visit.ask(Method::POST, "/bots/{bot}/try", &ids, Some(&body), Asking::default()).await {
        Ok(_) => {
            let overview = visit.names();
            let (account, directory) = (&overview.account.value, &overview.directory);
            let phrases = visit.api.processor.policies().phrases(&account.id, &found).await?;
            let tried = try_out(account, directory, &found, &phrases, text, visit.now)?;
            let beside = Beside { tried: Some(tried), ..Beside::default() };
            Ok(page(visit, &found, &beside).await?.into())
        }
        Err(problem) => {
            let beside = Beside { untried: Some(&problem), ..Beside::default() };
            Ok(page(visit, &found, &beside).await?.status(problem.status).into())
        }
    }
}

/// The box in which one tries a client's message.
fn try_box(visit: &Visit<'_>, bot: &Bot, action: Option<&HandoverAction>, beside: &Beside<'_>) -> Markup {
    html! {
        section.card #try data-region {
            h2 { (w::TRY_IT) }
            form method="post" action={ (path(&bot.id)) "/try" } data-swap="try" {
                (csrf(&visit.csrf))
                @if let Some(action) = action { input type="hidden" name="action" value=(action.id); }
                (Field::new("text", w::TRY_LABEL).id("try-text").hint(w::TRY_SAVED).required().max(MAX_REPLY_CHARS).tried().lines(2, visit.form.get("text")))
                button.quiet type="submit" { (w::TRY) }
            }
            div role="status" {
                @if let Some(tried) = &beside.tried { (outcome(bot, tried)) }
                @if let Some(problem) = beside.untried { (refused(Some(problem))) }
            }
        }
    }
}

fn outcome(bot: &Bot, tried: &Tried) -> Markup {
    let fires = tried.fires().and_then(|id| bot.action(id));
    html! {
        p.outcome {
            @match fires {
                Some(action) => { (icon(Icon::Hand)) b { (w::WOULD_FIRE) " “" (scenario_name(&action.scenario)) "”" } },
                None => { (icon(Icon::Bot)) b { (w::verdict(tried.verdict())) } },
            }
        }
        ul.tried { @for of in tried.actions() {
            @if let Some(action) = bot.action(&of.action) { li { b { (scenario_name(&action.scenario)) } " – " (explained(of)) } }
        } }
    }
}

fn explained(of: &OfAction) -> Markup {
    html! {
        (w::why(of.why))
        @if let Some(phrase) = &of.phrase { " " (w::PHRASE) " “" (phrase) "”" @if let Some(closeness) = of.closeness { " (" (percent(closeness)) ")" } "." }
        @if let Some((score, needed)) = of.score.zip(of.threshold) {
            @if of.why != Why::Phrase { " " (w::SCORE) " " (percent(score)) ", " (w::NEEDED) " " (percent(needed)) "." }
        }
        @if let Some(guard) = of.guard { " " (w::GUARD) ": " (w::guard(guard)) "." }
    }
}

/// Phrases that the checks name one by one.
const BROAD_SHOWN: usize = 5;

/// What is wrong before it hurts, each with the way to where it is mended.
fn linter(overview: &Overview, bot: &Bot, supplies: &lint::Supplies) -> Markup {
    let inboxes: Vec<&Inbox> =
        overview.inboxes.iter().filter(|inbox| inbox.bot.as_ref() == Some(&bot.id)).collect();
    let warnings = lint::lint(&overview.account.value, &overview.directory, bot, &inboxes, supplies);
    let is_broad = |warning: &&Warning| matches!(warning, Warning::BroadPhrase { .. });
    let broad = warnings.iter().filter(is_broad).count();
    let named = warnings.iter().filter(is_broad).take(BROAD_SHOWN);
    let shown: Vec<&Warning> = warnings.iter().filter(|warning| !is_broad(warning)).chain(named).collect();
    html! {
        section.card.linter {
            h2 { (w::CHECKS) }
            @if warnings.is_empty() { p.good { (icon(Icon::Check)) (w::ALL_WELL) } }
            ul {
                @for warning in shown {
                    @let (about, told, way) = check(overview, bot, warning);
                    li { (icon(Icon::Warning)) span {
                        @if let Some(about) = about { b { (about) } ": " }
                        (told)
                        @if let Some(way) = way { " " a href=(way) { (w::CHECK_GO) span.hidden { ": " (about.unwrap_or_default()) " " (told) } } }
                    } }
                }
                @if broad > BROAD_SHOWN { li { (icon(Icon::Warning)) span { (broad - BROAD_SHOWN) " " (w::CHECK_MORE) } } }
            }
        }
    }
}

/// A check in words: the scenario that it is about, what is wrong, and where it is mended.
fn check<'b>(
    overview: &Overview,
    bot: &'b Bot,
    warning: &Warning,
) -> (Option<&'b str>, String, Option<String>) {
    let (bot_path, own) = (format!("/console/bots/{}", bot.id), path(&bot.id));
    let of_bot = |told: &str, at: &str| (None, told.to_owned(), Some(format!("{bot_path}{at}")));
    let of_action = |place: usize, told: String, at: &str| {
        let action = bot.actions.get(place);
        let way = action.map(|action| format!("{own}?action={}{at}", action.id));
        (action.map(|action| scenario_name(&action.scenario)), told, way)
    };
    match warning {
        Warning::LabsOff => {
            (None, w::CHECK_LABS.to_owned(), Some("/console/account#human_handover".to_owned()))
        }
        Warning::BotOff => of_bot(w::CHECK_BOT, "#handover"),
        Warning::NoInbox => (None, w::CHECK_NO_INBOX.to_owned(), Some("/console/inboxes".to_owned())),
        Warning::Provider { inbox, setting, message } => {
            let name = overview.inboxes.iter().find(|known| known.id == *inbox);
            let name = name.map_or("", |inbox| inbox.name.as_str());
            let told = w::provider_wants(name, message, &w::setting(setting));
            (None, told, Some(format!("/console/inboxes/{inbox}#setting_{setting}")))
        }
        Warning::NoHuman => (None, w::CHECK_NO_HUMAN.to_owned(), None),
        Warning::Missing(missing) => {
            let at = match missing {
                Missing::Entries => "/knowledge",
                Missing::Address => "#connector_url",
                Missing::Model => "#connector_model",
                Missing::SigningSecret | Missing::ApiKey => "#secret",
            };
            of_bot(w::missing(*missing), at)
        }
        Warning::OnlyPauses { action } => of_action(*action, w::CHECK_ONLY_PAUSES.to_owned(), "#assign"),
        Warning::NobodyTold { action } => of_action(*action, w::CHECK_NOBODY_TOLD.to_owned(), "#assign"),
        Warning::AssigneeGone { action } => of_action(*action, w::CHECK_ASSIGNEE_GONE.to_owned(), "#assign"),
        Warning::AssigneeDeaf { action } => of_action(*action, w::CHECK_ASSIGNEE_DEAF.to_owned(), "#assign"),
        Warning::BroadPhrase { action, place, phrase, share, example } => {
            let all = bot.actions.get(*action).map_or(&[][..], |action| action.scenario.phrases());
            let at = format!("&from={}#phrase-{}", editor::part_of(all, *place), place + 1);
            of_action(*action, w::broad(phrase, *share, example), &at)
        }
        Warning::LongPause { action } => of_action(*action, w::CHECK_LONG_PAUSE.to_owned(), "#action_days"),
    }
}
