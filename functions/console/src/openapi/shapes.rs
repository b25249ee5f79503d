//! What every route takes and gives. A route without a shape fails the test of the document.

use std::collections::BTreeMap;

use handover_core::{Account, Announcement, Bot, FaqEntry, Problem as Warning, Staff, Team, Webhook};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    account::{AuditLine, NewKey, ShownKey},
    bots::{BotRow, Revision},
    commands::{
        AssignTo, BotMessage, Claim, CompleteTask, Done, HandBack, Link, Pending, Reply, Resolve, SetPause,
        SetTag, StartHandover, Unlink,
    },
    contacts::{Erasing, Exported, HistoryLine, Shown as Contact},
    conversations::{ConversationRow, REASONS, TaskRow, Transcript, Whole},
    faq::{Import, ImportDone, NewSecret, Scored, SecretNames, Tried},
    http::{Items, Paged},
    inboxes::{InboxRow, Shown as ShownInbox, Wanted as InboxSettings},
    quarantine::{Redriven, Shown as Quarantined, Whole as QuarantineBody, Why},
    reports::{HandoverReport, LeftHandover},
    staff::Notifications,
    turns::{TurnStatus, Wanted as MayISpeak},
    webhooks::{MadeWebhook, Unreached},
};

/// What a route takes and gives.
#[derive(Default)]
pub(super) struct Shape {
    pub(super) query: Vec<Value>,
    /// The body, and whether there must be one.
    pub(super) takes: Option<(Value, bool)>,
    /// Needs `If-Match`.
    pub(super) guarded: bool,
    /// Its answer carries an ETag.
    pub(super) versioned: bool,
    /// Answers when it is done.
    pub(super) gives: Vec<(u16, &'static str, Option<Value>)>,
    /// What stands in the way of it sometimes.
    pub(super) conflicts: bool,
    /// Takes or gives CSV as well.
    pub(super) csv: bool,
}

/// Shapes in the making, with the schemas that they refer to.
pub(super) struct Shapes {
    takes: SchemaGenerator,
    gives: SchemaGenerator,
    /// By method and the path below the account.
    pub(super) by_route: BTreeMap<(&'static str, &'static str), Shape>,
    /// Types whose id stands in the path: a body need not repeat it.
    named: Vec<String>,
}

const CREATED: &str = "Made";
const AGAIN: &str = "Made before, by the same request";
const DONE: &str = "Done";
const LATER: &str = "On its way: the same request again tells what came of it";

impl Shapes {
    /// All of them.
    pub(super) fn all() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        let mut all = Self {
            takes: settings().for_deserialize().into_generator(),
            gives: settings().for_serialize().into_generator(),
            by_route: BTreeMap::new(),
            named: Vec::new(),
        };
        all.settings();
        all.conversations();
        all.quarantine();
        all
    }

    fn settings(&mut self) {
        self.get::<Account>("").versioned = true;
        self.replace::<Account, Account>("");
        self.get::<Paged<AuditLine>>("/audit").query = vec![limit(), cursor()];
        self.get::<Items<ShownKey>>("/api-keys");
        self.make::<NewKey, ShownKey>("/api-keys", &[(201, CREATED)]).conflicts = true;
        self.remove("/api-keys/{key}").conflicts = true;
        self.get::<Items<BotRow>>("/bots");
        self.make::<Bot, Bot>("/bots", &[(201, CREATED), (200, AGAIN)]).versioned = true;
        self.get::<Bot>("/bots/{bot}").versioned = true;
        self.replace::<Bot, Bot>("/bots/{bot}");
        self.get::<Items<Warning>>("/bots/{bot}/lint");
        self.get::<Revision>("/bots/{bot}/revisions/{revision}");
        self.get::<Paged<FaqEntry>>("/bots/{bot}/faq").query = vec![limit(), cursor()];
        let made = self.make::<FaqEntry, FaqEntry>("/bots/{bot}/faq", &[(201, CREATED), (200, AGAIN)]);
        (made.versioned, made.conflicts) = (true, true);
        self.get::<FaqEntry>("/bots/{bot}/faq/{entry}").versioned = true;
        self.replace::<FaqEntry, FaqEntry>("/bots/{bot}/faq/{entry}");
        self.remove("/bots/{bot}/faq/{entry}");
        let import = self.make::<Import, ImportDone>("/bots/{bot}/faq/import", &[(200, DONE)]);
        (import.conflicts, import.csv) = (true, true);
        import.query = vec![one_of("replace", "What is not in the import goes", &["true", "false"])];
        let export = self.get::<Items<FaqEntry>>("/bots/{bot}/faq/export");
        (export.csv, export.query) = (true, vec![one_of("format", "Of the answer", &["json", "csv"])]);
        self.make::<Tried, Items<Scored>>("/bots/{bot}/faq/try", &[(200, "Here they are")]);
        self.get::<SecretNames>("/bots/{bot}/secrets");
        self.make::<NewSecret, SecretNames>("/bots/{bot}/secrets", &[(201, CREATED), (200, AGAIN)]);
        self.get::<Items<InboxRow>>("/inboxes");
        self.make::<InboxSettings, ShownInbox>("/inboxes", &[(201, CREATED), (200, AGAIN)]).versioned = true;
        self.get::<ShownInbox>("/inboxes/{inbox}").versioned = true;
        self.replace::<InboxSettings, ShownInbox>("/inboxes/{inbox}");
        let inbox = json!(self.gives.subschema_for::<ShownInbox>());
        let retire = self.remove("/inboxes/{inbox}/secrets/{secret}/old");
        (retire.guarded, retire.versioned, retire.gives) = (true, true, vec![(200, DONE, Some(inbox))]);
        self.get::<Items<Staff>>("/staff");
        self.make::<Staff, Staff>("/staff", &[(201, CREATED), (200, AGAIN)]).versioned = true;
        self.get::<Staff>("/staff/{staff}").versioned = true;
        self.replace::<Staff, Staff>("/staff/{staff}");
        self.remove("/staff/{staff}").guarded = true;
        self.get::<Notifications>("/staff/{staff}/notifications").query = vec![limit(), cursor()];
        self.act("/staff/{staff}/notifications/{notification}/read").gives = vec![(204, DONE, None)];
        self.get::<Items<Team>>("/teams");
        self.make::<Team, Team>("/teams", &[(201, CREATED), (200, AGAIN)]).versioned = true;
        self.get::<Team>("/teams/{team}").versioned = true;
        self.replace::<Team, Team>("/teams/{team}");
        self.remove("/teams/{team}").guarded = true;
        self.get::<Items<Webhook>>("/webhooks");
        let made = self.make::<Webhook, MadeWebhook>("/webhooks", &[(201, CREATED), (200, AGAIN)]);
        (made.versioned, made.conflicts) = (true, true);
        self.get::<Webhook>("/webhooks/{webhook}").versioned = true;
        self.replace::<Webhook, Webhook>("/webhooks/{webhook}");
        self.remove("/webhooks/{webhook}");
        self.get::<Items<Announcement>>("/webhook-events");
        self.get::<Items<Unreached>>("/unreached");
    }

    fn conversations(&mut self) {
        self.get::<Paged<ConversationRow>>("/conversations").query = vec![
            one_of("control", "Who may answer", &["human", "bot"]),
            assignee(false),
            one_of("scenario", "Why humans have it", &REASONS),
            json!({
                "name": "tag",
                "in": "query",
                "description": "Those whose contact carries it, in no particular order; goes with no other filter",
                "schema": {"type": "string"},
            }),
            limit(),
            cursor(),
        ];
        self.get::<Paged<TaskRow>>("/tasks").query = vec![assignee(true), limit(), cursor()];
        self.get::<Whole>("/conversations/{conversation}");
        let before = json!({
            "name": "before",
            "in": "query",
            "description": "Lines before this one: what the page before gave as `before`",
            "schema": {"type": "string", "maxLength": 64},
        });
        self.get::<Transcript>("/conversations/{conversation}/transcript").query = vec![before, limit()];
        self.command::<Claim>("/conversations/{conversation}/claim");
        self.command::<AssignTo>("/conversations/{conversation}/assign");
        self.command::<Reply>("/conversations/{conversation}/reply");
        self.command::<HandBack>("/conversations/{conversation}/hand-back");
        self.command::<Resolve>("/conversations/{conversation}/resolve");
        self.command::<SetPause>("/conversations/{conversation}/pause");
        self.command::<HandBack>("/conversations/{conversation}/resume");
        self.command::<StartHandover>("/conversations/{conversation}/handover");
        self.command::<SetTag>("/conversations/{conversation}/tags");
        self.command::<CompleteTask>("/conversations/{conversation}/task/complete");
        self.make::<MayISpeak, TurnStatus>("/conversations/{conversation}/turns", &[(200, "The answer")]);
        self.command::<BotMessage>("/conversations/{conversation}/messages");
        let period = || [instant("from", "The period's first instant"), instant("to", "The first after it")];
        self.get::<HandoverReport>("/reports/handovers").query = period().to_vec();
        let only = json!({
            "name": "only",
            "in": "query",
            "required": true,
            "description": "Which",
            "schema": {"type": "string", "enum": ["unanswered", "overdue"]},
        });
        let left = self.get::<Paged<LeftHandover>>("/reports/handovers/left");
        left.query = period().into_iter().chain([only, limit(), cursor()]).collect();
        self.command::<Link>("/conversations/{conversation}/link");
        self.command::<Unlink>("/conversations/{conversation}/unlink");
        self.get::<Contact>("/contacts/{contact}");
        self.command::<SetTag>("/contacts/{contact}/tags");
        self.get::<Paged<HistoryLine>>("/contacts/{contact}/history").query = vec![limit(), cursor()];
        self.get::<Paged<Exported>>("/contacts/{contact}/export").query = vec![limit(), cursor()];
        let erasing = json!(self.gives.subschema_for::<Erasing>());
        self.remove("/contacts/{contact}").gives = vec![(202, "It is being erased", Some(erasing))];
    }

    fn quarantine(&mut self) {
        self.get::<Paged<Quarantined>>("/quarantine").query = vec![limit(), cursor()];
        self.get::<QuarantineBody>("/quarantine/{item}");
        let redriven = json!(self.gives.subschema_for::<Redriven>());
        let redrive = self.act("/quarantine/{item}/redrive");
        (redrive.conflicts, redrive.gives) = (true, vec![(202, "It is on its way", Some(redriven))]);
        let why = self.body::<Why>();
        let discard = self.act("/quarantine/{item}/discard");
        (discard.takes, discard.gives) = (Some(why), vec![(204, DONE, None)]);
    }

    fn shape(&mut self, method: &'static str, path: &'static str) -> &mut Shape {
        self.by_route.entry((method, path)).or_default()
    }

    fn get<T: JsonSchema>(&mut self, path: &'static str) -> &mut Shape {
        let schema = json!(self.gives.subschema_for::<T>());
        let shape = self.shape("GET", path);
        shape.gives = vec![(200, "Here it is", Some(schema))];
        shape
    }

    /// A POST that makes something.
    fn make<B: JsonSchema, T: JsonSchema>(
        &mut self,
        path: &'static str,
        gives: &[(u16, &'static str)],
    ) -> &mut Shape {
        let (body, schema) = (self.body::<B>(), json!(self.gives.subschema_for::<T>()));
        let shape = self.shape("POST", path);
        shape.takes = Some(body);
        shape.gives = gives.iter().map(|(status, what)| (*status, *what, Some(schema.clone()))).collect();
        shape
    }

    fn replace<B: JsonSchema, T: JsonSchema>(&mut self, path: &'static str) {
        let (body, schema) = (self.body::<B>(), json!(self.gives.subschema_for::<T>()));
        let shape = self.shape("PUT", path);
        (shape.guarded, shape.versioned, shape.takes) = (true, true, Some(body));
        shape.gives = vec![(200, DONE, Some(schema))];
    }

    fn remove(&mut self, path: &'static str) -> &mut Shape {
        let shape = self.shape("DELETE", path);
        shape.gives = vec![(204, DONE, None)];
        shape
    }

    /// A POST without a body.
    fn act(&mut self, path: &'static str) -> &mut Shape {
        self.shape("POST", path)
    }

    fn command<B: JsonSchema>(&mut self, path: &'static str) {
        let body = self.body::<B>();
        let [done, pending] =
            [json!(self.gives.subschema_for::<Done>()), json!(self.gives.subschema_for::<Pending>())];
        let shape = self.shape("POST", path);
        (shape.takes, shape.conflicts) = (Some(body), true);
        shape.gives = vec![(200, DONE, Some(done)), (202, LATER, Some(pending))];
    }

    /// A body's schema, and whether there must be one.
    fn body<B: JsonSchema>(&mut self) -> (Value, bool) {
        let schema = json!(self.takes.subschema_for::<B>());
        let name = B::schema_name().into_owned();
        let whole = self.takes.definitions().get(&name).cloned().unwrap_or_default();
        let required = whole.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        if required.iter().any(|field| field == "id") {
            self.named.push(name);
        }
        (schema, !required.is_empty())
    }

    /// The schemas that the shapes refer to, by name. What is taken differs from what is given where
    /// something has a default: then it goes by a name of its own.
    pub(super) fn components(&mut self) -> Map<String, Value> {
        let mut takes = self.takes.take_definitions(true);
        let mut gives = self.gives.take_definitions(true);
        for name in &self.named {
            let required = takes.get_mut(name).and_then(|schema| schema.get_mut("required"));
            if let Some(required) = required.and_then(Value::as_array_mut) {
                required.retain(|field| field != "id");
            }
        }
        takes.values_mut().for_each(close);
        let mut others: Vec<String> = Vec::new();
        loop {
            let differs = |name: &String, schema: &Value| {
                !others.contains(name)
                    && gives.get(name).is_some_and(|given| given != schema || refers(schema, &others))
            };
            let more = takes.iter().filter(|(name, schema)| differs(name, schema));
            let more: Vec<String> = more.map(|(name, _)| name.clone()).collect();
            if more.is_empty() {
                break;
            }
            others.extend(more);
        }
        for (name, mut schema) in takes {
            rename(&mut schema, &others);
            gives.insert(if others.contains(&name) { format!("{name}Input") } else { name }, schema);
        }
        let taken = self.by_route.values_mut().filter_map(|shape| shape.takes.as_mut());
        taken.for_each(|(schema, _)| rename(schema, &others));
        gives
    }
}

const SCHEMAS: &str = "#/components/schemas/";

fn refers(schema: &Value, names: &[String]) -> bool {
    names.iter().any(|name| schema.to_string().contains(&format!("\"{SCHEMAS}{name}\"")))
}

fn rename(schema: &mut Value, names: &[String]) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(to)) = members.get_mut("$ref")
                && to.strip_prefix(SCHEMAS).is_some_and(|name| names.iter().any(|known| known == name))
            {
                to.push_str("Input");
            }
            members.values_mut().for_each(|member| rename(member, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// No members but the known ones: what a body has beside them is refused.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object) {
                members.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn limit() -> Value {
    json!({
        "name": "limit",
        "in": "query",
        "description": "Rows of a page",
        "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
    })
}

fn cursor() -> Value {
    json!({
        "name": "cursor",
        "in": "query",
        "description": "What the page before gave as `next`; empty: the first page",
        "schema": {"type": "string"},
    })
}

fn instant(name: &str, what: &str) -> Value {
    json!({
        "name": name,
        "in": "query",
        "required": true,
        "description": format!("{what}, in Unix milliseconds; a period has at most 92 days"),
        "schema": {"type": "integer", "minimum": 0, "maximum": 253_402_300_799_999_i64},
    })
}

fn one_of(name: &str, what: &str, values: &[&str]) -> Value {
    json!({"name": name, "in": "query", "description": what, "schema": {"type": "string", "enum": values}})
}

fn assignee(required: bool) -> Value {
    json!({
        "name": "assignee",
        "in": "query",
        "required": required,
        "description": "`staff:<id>`, `team:<id>`, or `none`",
        "schema": {"type": "string", "pattern": "^(none|(staff|team):[A-Za-z0-9_-]{1,64})$"},
    })
}
