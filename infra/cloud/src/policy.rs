//! Identity policies of functions: who may do what to which resource.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// One statement of a function's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Whether it allows; otherwise it denies, and a denial beats every permission.
    pub allows: bool,
    /// Actions such as `dynamodb:GetItem`, in which `*` and `?` are wildcards; case does not matter.
    pub actions: Vec<String>,
    /// Resource ARNs, in which `*` and `?` are wildcards.
    pub resources: Vec<String>,
    /// What the access must be about, if the statement says so: the condition keys of [`KNOWN_KEYS`] with
    /// their values (`StringEquals`), or [`LEADING_KEYS`] with a pattern.
    pub conditions: BTreeMap<String, String>,
}

/// Condition keys that the local cloud knows: the service that a role is passed to, and the sender of an
/// e-mail.
pub const KNOWN_KEYS: [&str; 2] = ["iam:PassedToService", "ses:FromAddress"];

/// The condition key for the partition keys of the items that a call is about
/// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html); the operator is
/// `ForAllValues:StringLike`.
pub const LEADING_KEYS: &str = "dynamodb:LeadingKeys";

/// One thing that a call does to one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The action, such as `dynamodb:GetItem`.
    pub action: String,
    /// The ARN of the resource.
    pub resource: String,
    /// What conditions ask about, by their keys.
    pub context: BTreeMap<&'static str, String>,
}

impl Access {
    /// An access to a resource.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), context: BTreeMap::new() }
    }

    /// Passing a role to a service, as a call does that names a role for later use.
    pub fn pass_role(role: impl Into<String>, service: &'static str) -> Self {
        Self::new("iam:PassRole", role).about("iam:PassedToService", service)
    }

    /// The same access with the value of a condition key.
    #[must_use]
    pub fn about(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.context.insert(key, value.into());
        self
    }
}

impl Statement {
    /// Reads a resolved policy statement. The error says what the local cloud does not know.
    pub fn read(statement: &Value) -> Result<Self, String> {
        let fields = statement.as_object().ok_or("is not a structure")?;
        let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
        if let Some(unknown) = fields.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(format!("has {unknown}, which is not known to the local cloud"));
        }
        let allows = match fields.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err("has an Effect that is neither Allow nor Deny".to_owned()),
        };
        let conditions = match fields.get("Condition") {
            None => BTreeMap::new(),
            Some(condition) => conditions(condition).ok_or_else(|| {
                format!("has a condition that is not known to the local cloud: {condition}")
            })?,
        };
        Ok(Self {
            allows,
            actions: texts(fields.get("Action")).ok_or("has no Action")?,
            resources: texts(fields.get("Resource")).ok_or("has no Resource")?,
            conditions,
        })
    }

    fn covers(&self, access: &Access) -> bool {
        self.covering(access).next().is_some()
    }

    /// The pairs of an action and a resource in this statement that are about an access.
    fn covering(&self, access: &Access) -> impl Iterator<Item = (&str, &str)> {
        let action = access.action.to_ascii_lowercase();
        let holds = self.conditions.iter().all(|(key, value)| {
            access.context.get(key.as_str()).is_some_and(|given| is_met(key, value, given))
        });
        let actions = self
            .actions
            .iter()
            .filter(move |pattern| holds && matches(&pattern.to_ascii_lowercase(), &action));
        let resources = self.resources.iter().filter(|pattern| matches(pattern, &access.resource));
        let resources: Vec<&str> = resources.map(String::as_str).collect();
        actions.flat_map(move |action| {
            resources.clone().into_iter().map(move |resource| (action.as_str(), resource))
        })
    }
}

/// One thing that a function's policy allows, as it is written there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// The function.
    pub function: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.function, self.action, self.resource)
    }
}

impl Permission {
    /// Everything that a function's policy allows.
    pub fn all<'a>(function: &'a str, statements: &'a [Statement]) -> impl Iterator<Item = Self> + use<'a> {
        let allowing = statements.iter().filter(|statement| statement.allows);
        let pairs = allowing.flat_map(|statement| {
            let of = |action: &'a String| statement.resources.iter().map(move |resource| (action, resource));
            statement.actions.iter().flat_map(of)
        });
        pairs.map(|(action, resource)| Self {
            function: function.to_owned(),
            action: action.clone(),
            resource: resource.clone(),
        })
    }

    /// What of it allows an access.
    pub(crate) fn used<'a>(
        function: &'a str,
        statements: &'a [Statement],
        access: &'a Access,
    ) -> impl Iterator<Item = Self> + use<'a> {
        let allowing = statements.iter().filter(|statement| statement.allows);
        let pairs = allowing.flat_map(|statement| statement.covering(access));
        pairs.map(|(action, resource)| Self {
            function: function.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
        })
    }
}

/// Whether the statements permit an access: one must allow it, and none may deny it.
pub fn permits(statements: &[Statement], access: &Access) -> bool {
    let mut covering = statements.iter().filter(|statement| statement.covers(access)).peekable();
    covering.peek().is_some() && covering.all(|statement| statement.allows)
}

/// Whether a condition holds: partition keys go by a pattern, everything else is the same or is not.
fn is_met(key: &str, wanted: &str, given: &str) -> bool {
    if key == LEADING_KEYS { matches(wanted, given) } else { wanted == given }
}

/// The operators that are known, on the keys that are: `StringEquals: {iam:PassedToService: service}`, or
/// `ForAllValues:StringLike` on partition keys.
fn conditions(condition: &Value) -> Option<BTreeMap<String, String>> {
    let operators = condition.as_object().filter(|operators| operators.len() == 1)?;
    let (operator, keys) = operators.iter().next()?;
    let keys = keys.as_object()?;
    let knows = |key: &str| match operator.as_str() {
        "StringEquals" => KNOWN_KEYS.contains(&key),
        "ForAllValues:StringLike" => key == LEADING_KEYS,
        _ => false,
    };
    let read: BTreeMap<String, String> = keys
        .iter()
        .filter(|(key, _)| knows(key))
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    (read.len() == keys.len() && !read.is_empty()).then_some(read)
}

fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    match value? {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(many) => many.iter().map(|text| text.as_str().map(str::to_owned)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// Whether a text matches a pattern with `*` (any run) and `?` (any one character).
fn matches(pattern: &str, text: &str) -> bool {
    // The greedy algorithm: on a mismatch, let the last star swallow one character more.
    let (mut pattern, mut text) = (pattern, text);
    let mut retry: Option<(&str, &str)> = None;
    loop {
        let mut rest = pattern.chars();
        match rest.next() {
            Some('*') => {
                pattern = rest.as_str();
                retry = Some((pattern, text));
                continue;
            }
            Some(expected) => {
                let mut found = text.chars();
                if found.next().is_some_and(|found| expected == '?' || found == expected) {
                    pattern = rest.as_str();
                    text = found.as_str();
                    continue;
                }
            }
            None if text.is_empty() => return true,
            None => {}
        }
        let Some((after_star, swallowed)) = retry else { return false };
        let mut swallowed = swallowed.chars();
        if swallowed.next().is_none() {
            return false;
        }
        pattern = after_star;
        text = swallowed.as_str();
        retry = Some((after_star, text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbbd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("schedule/g/*", "schedule/g/x-1", true),
            ("schedule/g/*", "schedule/h/x-1", false),
            ("*ab*ab", "xxabab", true),
            ("table/t", "table/t/index/i", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    fn statement(effect: &str, action: &Value, resource: &str) -> Statement {
        Statement::read(&json!({"Effect": effect, "Action": action, "Resource": resource})).unwrap()
    }

    #[test]
    fn nothing_is_allowed_unless_a_statement_says_so_and_a_denial_beats_it() {
        let allow = statement("Allow", &json!(["dynamodb:GetItem", "dynamodb:Put*"]), "arn:t");
        let deny = statement("Deny", &json!("dynamodb:PutItem"), "*");
        let policy = [allow.clone(), deny];
        assert!(permits(&policy, &Access::new("dynamodb:getitem", "arn:t")));
        assert!(!permits(&policy, &Access::new("dynamodb:GetItem", "arn:other")));
        assert!(!permits(&policy, &Access::new("dynamodb:Query", "arn:t")));
        assert!(permits(&[allow], &Access::new("dynamodb:PutItem", "arn:t")));
        assert!(!permits(&policy, &Access::new("dynamodb:PutItem", "arn:t")));
        assert!(!permits(&[], &Access::new("dynamodb:GetItem", "arn:t")));
    }

    #[test]
    fn a_role_is_passed_only_to_the_named_service() {
        let read = Statement::read(&json!({
            "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:role",
            "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        }));
        let policy = [read.unwrap()];
        assert!(permits(&policy, &Access::pass_role("arn:role", "scheduler.amazonaws.com")));
        assert!(!permits(&policy, &Access::pass_role("arn:role", "lambda.amazonaws.com")));
        assert!(!permits(&policy, &Access::pass_role("arn:other", "scheduler.amazonaws.com")));
    }

    #[test]
    fn mail_leaves_only_under_the_named_sender() {
        let read = Statement::read(&json!({
            "Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*",
            "Condition": {"StringEquals": {"ses:FromAddress": "desk@clinic.example"}},
        }));
        let policy = [read.unwrap()];
        let send = || Access::new("ses:SendEmail", "arn:identity");
        assert!(permits(&policy, &send().about("ses:FromAddress", "desk@clinic.example")));
        assert!(!permits(&policy, &send().about("ses:FromAddress", "boss@clinic.example")));
        assert!(!permits(&policy, &send()));
    }

    #[test]
    fn items_of_other_partitions_are_out_of_reach() {
        let read = Statement::read(&json!({
            "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*",
            "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "I#*"}},
        }));
        let policy = [read.unwrap()];
        let get = || Access::new("dynamodb:GetItem", "arn:t");
        assert!(permits(&policy, &get().about(LEADING_KEYS, "I#inbox")));
        assert!(!permits(&policy, &get().about(LEADING_KEYS, "C#conversation")));
        assert!(!permits(&policy, &get()));
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        let base = json!({"Effect": "Allow", "Action": "a:b", "Resource": "*"});
        assert!(Statement::read(&base).is_ok());
        for (key, value) in [
            ("NotAction", json!("a:c")),
            ("Condition", json!({"Bool": {"aws:SecureTransport": "true"}})),
            ("Condition", json!({"StringEquals": {"aws:PrincipalTag/team": "x"}})),
            ("Effect", json!("Maybe")),
        ] {
            let mut changed = base.clone();
            changed.as_object_mut().unwrap().insert(key.to_owned(), value);
            assert!(Statement::read(&changed).is_err(), "{key}");
        }
    }
}
