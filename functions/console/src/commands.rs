//! Commands to conversations: durable on the conversation's queue first, then done in place, so that
//! the answer says what came of it.

use handover_aws::{Processed, telemetry};
use handover_core::{
    ActionId, Assignee, Bug, Command, CommandKind, Conversation, ConversationId, DeliveryId, Envelope, Event,
    EventId, EventKind, MAX_NAME_CHARS, MAX_PAUSE, MAX_REPLY_CHARS, MAX_TAGS, OutcomeResult, Permille,
    Principal, Record, Refusal, Retrieval, SeenControl, StaffId, Verdict, lower_base32, planted,
};
use http::StatusCode;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::{
    conversations::find,
    http::{Answer, Call},
    problem::{Answered, Problem},
};

/// Characters of a reason.
const MAX_REASON_CHARS: usize = 500;

/// What a command's body becomes.
pub(crate) trait Wanted: DeserializeOwned {
    /// Whether somebody has to say why, when no staff member is named: control goes to the bot.
    const NEEDS_REASON: bool = false;

    /// Who acts, in whose words, and what is wanted.
    fn parts(self) -> (Option<StaffId>, Option<String>, CommandKind);
}

macro_rules! commands {
    ($(
        $(#[$doc:meta])*
        $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* } $(, reason $needs:literal)? => $kind:expr
    );* $(;)?) => {$(
        #[derive(Debug, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        $(#[$doc])*
        pub(crate) struct $name {
            /// The staff member who acts; needs a key of scope admin.
            #[serde(default)]
            staff: Option<StaffId>,
            /// Why, for the transcript.
            #[serde(default)]
            #[cfg_attr(test, schemars(length(min = 1, max = MAX_REASON_CHARS)))]
            reason: Option<String>,
            $($(#[$attribute])* $field: $type,)*
        }

        impl Wanted for $name {
            $(const NEEDS_REASON: bool = $needs;)?

            fn parts(self) -> (Option<StaffId>, Option<String>, CommandKind) {
                let Self { staff, reason, $($field),* } = self;
                (staff, reason, $kind)
            }
        }
    )*};
}

fn yes() -> bool {
    true
}

commands! {
    Claim {} => CommandKind::Claim;
    // Without `Option::deserialize` a missing `to` would mean nobody.
    #[cfg_attr(test, schemars(extend("required" = ["to"])))]
    AssignTo { #[serde(deserialize_with = "Option::deserialize")] to: Option<Assignee> }
        => CommandKind::Assign { to };
    Reply {
        #[cfg_attr(test, schemars(length(min = 1, max = MAX_REPLY_CHARS)))] text: String,
        /// What its author saw: when it is not so any more, nothing is sent.
        #[serde(default)] seen: Option<SeenControl>
    } => CommandKind::Reply { text, seen };
    HandBack {}, reason true => CommandKind::HandBack;
    Resolve {}, reason true => CommandKind::Resolve;
    SetPause { pause: handover_core::Pause } => CommandKind::Pause { pause };
    StartHandover { #[serde(default)] action: Option<ActionId> } => CommandKind::StartHandover { action };
    SetTag {
        #[cfg_attr(test, schemars(length(min = 1, max = MAX_NAME_CHARS)))] tag: String,
        #[serde(default = "yes")] present: bool
    } => CommandKind::Tag { tag, present };
    CompleteTask {} => CommandKind::CompleteTask;
    Link { with: ConversationId } => CommandKind::Link { with };
    Unlink {} => CommandKind::Unlink;
    BotMessage {
        #[serde(default)] #[cfg_attr(test, schemars(length(max = MAX_REPLY_CHARS)))] text: String,
        epoch: u64,
        #[serde(default)] outcome: Option<Said>,
        #[serde(default)] evidence: Option<Evidence>
    } => CommandKind::BotMessage {
        signals: handover_detect::reply_signals(&text),
        text,
        epoch,
        result: outcome.map(Said::result),
        retrieval: evidence.map(Evidence::retrieval),
    };
}

/// How an external bot fared.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TurnOutcome"))]
pub(crate) enum Said {
    Answered,
    NoAnswer,
    Failed,
    WantsHandover,
}

impl Said {
    fn result(self) -> OutcomeResult {
        match self {
            Self::Answered => OutcomeResult::Answered,
            Self::NoAnswer => OutcomeResult::NoAnswer,
            Self::Failed => OutcomeResult::Failed { reason: "bot_failed".to_owned() },
            Self::WantsHandover => OutcomeResult::WantsHandover,
        }
    }
}

/// What an external bot's answer stands on.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Evidence {
    /// How many sources it found.
    sources: u16,
    /// The best source's score, 0 to 1.
    best: f64,
}

impl Evidence {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    fn retrieval(self) -> Retrieval {
        let best = Permille::new((self.best.clamp(0.0, 1.0) * 1_000.0).round() as u16);
        Retrieval { sources: self.sources, best }
    }
}

/// What came of a command.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Done {
    /// Its line in the transcript.
    command: EventId,
    verdict: Verdict,
    /// The epoch since.
    epoch: u64,
}

/// A command that will be done, but is not done yet.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Pending {
    /// Its line in the transcript, as soon as it is done.
    command: EventId,
    pending: bool,
}

/// Runs a command.
pub(crate) async fn run<W: Wanted + Send>(call: &Call<'_>) -> Answered {
    let id: ConversationId = call.id("conversation")?;
    let (conversation, _) = find(call, id).await?;
    run_on::<W>(call, &conversation).await
}

/// Runs a command to a conversation.
pub(crate) async fn run_on<W: Wanted + Send>(call: &Call<'_>, conversation: &Conversation) -> Answered {
    let (staff, reason, kind) = call.json::<W>()?.parts();
    check(reason.as_deref(), &kind)?;
    let by = principal(call, staff).await?;
    if W::NEEDS_REASON && reason.is_none() && matches!(by, Principal::ApiKey(_)) {
        return Err(Problem::field("reason", "is needed where no staff member gives control to the bot"));
    }
    if let CommandKind::Link { with } = &kind
        && *with == conversation.id
    {
        return Err(Problem::field("with", "is the same conversation"));
    }
    if let (CommandKind::Claim, Principal::ApiKey(_)) = (&kind, &by) {
        return Err(Problem::field("staff", "is needed: only a staff member can claim"));
    }
    let command = Command { by, reason, kind };
    let envelope = envelope(call, conversation, command)?;
    // From here on it is durable: if this process dies, `execute` does it.
    if !planted(Bug::CommandNotQueued) {
        call.app.processor.queues().events(std::slice::from_ref(&envelope)).await?;
    }
    let done = |record: &Record| Done {
        command: envelope.event.id.clone(),
        verdict: record.verdict,
        epoch: record.epoch,
    };
    match call.app.processor.process(&envelope).await {
        Ok(Processed::Committed(record) | Processed::Republished(record)) => match &record.refusal {
            None => Ok(Answer::ok(done(&record))),
            Some(refusal) => Err(refused(call, refusal).await),
        },
        Ok(Processed::Duplicate(_)) => Err(Problem::key_reused()),
        Ok(Processed::Ignored(reason)) => {
            Err(Problem::conflict("ignored", "It changes nothing", reason.name()))
        }
        Ok(Processed::PutBack(_)) => Ok(pending(&envelope)),
        Err(failure) => {
            telemetry::failed("console", "left to the queue", failure.reason(), 1);
            Ok(pending(&envelope))
        }
    }
}

/// It stands on the queue, and will be done; the same request again tells what came of it.
fn pending(envelope: &Envelope) -> Answer {
    Answer::accepted(&Pending { command: envelope.event.id.clone(), pending: true })
}

fn check(reason: Option<&str>, kind: &CommandKind) -> Result<(), Problem> {
    let within = |field: &str, text: &str, max: usize| {
        if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
            return Err(Problem::field(field, "has control characters"));
        }
        let chars = text.chars().count();
        if text.trim().is_empty() || chars > max {
            return Err(Problem::field(field, format!("must have 1 to {max} characters, not only blanks")));
        }
        Ok(())
    };
    if let Some(reason) = reason {
        within("reason", reason, MAX_REASON_CHARS)?;
    }
    match kind {
        CommandKind::Reply { text, .. } => within("text", text, MAX_REPLY_CHARS),
        CommandKind::Tag { tag, .. } => within("tag", tag, MAX_NAME_CHARS),
        CommandKind::Pause { pause } => match pause.duration() {
            Some(duration) if duration.is_zero() || duration > MAX_PAUSE => {
                let message = "must be one minute to 365 days; to wait for a human use until_handed_back";
                Err(Problem::field("pause", message))
            }
            Some(_) | None => Ok(()),
        },
        CommandKind::Claim
        | CommandKind::Assign { .. }
        | CommandKind::HandBack
        | CommandKind::Resolve
        | CommandKind::StartHandover { .. }
        | CommandKind::CompleteTask
        | CommandKind::Link { .. }
        | CommandKind::Unlink
        | CommandKind::Release { .. }
        | CommandKind::Erase => Ok(()),
        CommandKind::BotMessage { text, result, .. } => match result {
            None | Some(OutcomeResult::Answered) => within("text", text, MAX_REPLY_CHARS),
            Some(_) if text.is_empty() => Ok(()),
            Some(_) => within("text", text, MAX_REPLY_CHARS),
        },
    }
}

/// Who acts: whoever calls, or the staff member that a key of scope admin speaks for.
async fn principal(call: &Call<'_>, staff: Option<StaffId>) -> Result<Principal, Problem> {
    let Some(staff) = staff else { return Ok(call.caller.by.clone()) };
    crate::access::permit(call.caller, handover_aws::Scope::Admin)?;
    match call.store().staff_settings(call.account(), &staff).await? {
        Some(_) => Ok(Principal::Staff(staff)),
        None => Err(Problem::field("staff", "there is no such staff member")),
    }
}

/// The command as an event. The same caller's same idempotency key on the same route is the same
/// event; its delivery id also says what was wanted, so that a key used twice is noticed.
pub(crate) fn envelope(
    call: &Call<'_>,
    conversation: &Conversation,
    command: Command,
) -> Result<Envelope, Problem> {
    let random = || format!("{}|random|{}", call.caller.name(), lower_base32(&call.app.random.bytes::<16>()));
    let command_id = call.once.as_ref().map_or_else(random, |once| once.id.clone());
    let id = EventId::of(&conversation.id, "command", &command_id);
    let wanted = handover_aws::queue::encode(&command)?;
    let delivery_id = EventId::of(&conversation.id, id.as_str(), &lower_base32(&Sha256::digest(wanted)));
    let delivery_id: DeliveryId =
        delivery_id.as_str().parse().map_err(|_| crate::broken("command has no delivery id"))?;
    Ok(Envelope {
        account: conversation.account.clone(),
        inbox: conversation.inbox.clone(),
        conversation: conversation.id.clone(),
        identities: Vec::new(),
        person: None,
        address: None,
        delivery_id,
        waited: false,
        event: Event { id, sent_at: None, received_at: call.now, kind: EventKind::Command(command) },
    })
}

/// Why the core refused, and what to do about it.
async fn refused(call: &Call<'_>, refusal: &Refusal) -> Problem {
    let conflict = |code, title, detail: &str| Problem::conflict(code, title, detail);
    match refusal {
        Refusal::ClaimedBy(who) => {
            let mut problem =
                conflict("claimed", "Somebody else has it", "ask them, or assign it to somebody by hand");
            problem.members = Map::from_iter([("claimed_by".to_owned(), named(call, who).await)]);
            problem
        }
        Refusal::LabsOff => labs_disabled(),
        Refusal::NotStaff => Problem::field("staff", "is needed: only a staff member can do this"),
        Refusal::NoSuchAction => Problem::field("action", "the bot has no such action"),
        Refusal::TooManyTags => Problem::field("tag", format!("a contact has at most {MAX_TAGS} tags")),
        Refusal::NoSuchAssignee => Problem::field("to", "there is no such staff member or team"),
        Refusal::AlreadyWithBot => {
            conflict("with_bot", "The bot has it already", "there is nothing to give back")
        }
        Refusal::AlreadyWithHumans => {
            conflict("with_humans", "Humans have it already", "assign or claim it instead")
        }
        Refusal::NoEnabledAction => conflict(
            "no_enabled_action",
            "No enabled action says how to hand over",
            "switch a handover action of the inbox's bot on",
        ),
        Refusal::NoOpenTask => {
            conflict("no_open_task", "There is no open task", "nothing is left to complete")
        }
        Refusal::StaleEpoch => conflict("stale_epoch", "Control has changed", "ask again before you speak"),
        Refusal::OptedOut => conflict("opted_out", "The client wants no messages", "nothing can be sent"),
        Refusal::MessageCap => conflict(
            "message_cap",
            "The bot has said enough for one day",
            "raise daily_messages of the bot, or wait until midnight (UTC)",
        ),
        Refusal::TooOld => conflict("too_old", "The command is more than 24 hours old", "send it anew"),
        Refusal::NoSuchConversation => Problem::field("with", "there is no such conversation"),
        Refusal::AlreadyLinked => conflict(
            "already_linked",
            "Its contact has several conversations already",
            "unlink it first, or link the other conversation to it",
        ),
        Refusal::TooManyLinked => {
            conflict("too_many_linked", "The contact has too many conversations", "unlink one of them")
        }
        Refusal::NotLinked => conflict(
            "not_linked",
            "It is where its contact began",
            "to take two conversations apart, unlink the other one",
        ),
    }
}

/// Handovers are off for the account.
pub(crate) fn labs_disabled() -> Problem {
    let detail = "an admin switches it on: GET the account, set labs.human_handover to true, and PUT it back with \
                  its ETag in If-Match";
    Problem::new(StatusCode::FORBIDDEN, "labs_disabled", "Human handover is switched off", detail)
}

/// An assignee, with the name that staff know.
async fn named(call: &Call<'_>, who: &Assignee) -> Value {
    let name = match who {
        Assignee::Staff(staff) => {
            let found = call.store().staff(call.account(), staff).await.ok().flatten();
            found.map(|staff| staff.name)
        }
        Assignee::Team(_) => None,
    };
    let mut shown = json!(who);
    if let (Some(name), Some(members)) = (name, shown.as_object_mut()) {
        members.insert("name".to_owned(), json!(name));
    }
    shown
}
