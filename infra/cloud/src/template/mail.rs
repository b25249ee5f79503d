//! How the template brings SES's events to a queue: an event destination on the account's default bus, and
//! a rule there. Only this way is known, and only for one configuration set each.

use super::properties::Properties;
use super::{MailEvents, Queue, TemplateError};
use serde_json::Value;

/// The two halves of the way, until they meet.
#[derive(Default)]
pub(super) struct Wiring {
    /// Configuration sets with the kinds of event that they tell.
    destinations: Vec<(String, Vec<String>)>,
    /// Rules: the resource, the configuration set whose events they take, the ARN that they bring them to.
    rules: Vec<(TemplateError, String, String)>,
}

impl Wiring {
    /// Reads an `AWS::SES::ConfigurationSetEventDestination`.
    pub(super) fn destination(&mut self, p: &mut Properties) -> Result<(), TemplateError> {
        let set = p.required_text("ConfigurationSetName")?;
        let destination = p.structure("EventDestination")?;
        let mut destination = destination.ok_or_else(|| p.wrong("EventDestination", "is missing"))?;
        destination.ignore(&["Name"]);
        let enabled = destination.flag("Enabled")?.unwrap_or(true);
        let kinds = destination.texts("MatchingEventTypes")?;
        let bus = destination.structure("EventBridgeDestination")?;
        let mut bus = bus.ok_or_else(|| destination.wrong("EventBridgeDestination", "is missing"))?;
        let arn = bus.required_text("EventBusArn")?;
        // SES tells to the default bus and to no other.
        if !arn.ends_with(":event-bus/default") {
            return Err(bus.wrong("EventBusArn", &format!("is {arn}, but SES knows only the default bus")));
        }
        bus.finish()?;
        destination.finish()?;
        if enabled {
            self.destinations.push((set, kinds));
        }
        Ok(())
    }

    /// Reads an `AWS::Events::Rule`.
    pub(super) fn rule(&mut self, p: &mut Properties) -> Result<(), TemplateError> {
        p.ignore(&["Description", "Name"]);
        let pattern = p.require("EventPattern")?;
        let wanted = pattern.pointer("/detail/mail/tags/ses:configuration-set/0").and_then(Value::as_str);
        let only = |set: &str| {
            serde_json::json!({
                "source": ["aws.ses"],
                "detail": {"mail": {"tags": {"ses:configuration-set": [set]}}},
            })
        };
        let Some(set) = wanted.filter(|set| only(set) == pattern) else {
            return Err(p.wrong("EventPattern", "is not one for the e-mails of a configuration set"));
        };
        let mut targets = p.structures("Targets")?;
        let (Some(mut target), true) = (targets.pop(), targets.is_empty()) else {
            return Err(p.wrong("Targets", "are not exactly one"));
        };
        target.ignore(&["Id"]);
        let arn = target.required_text("Arn")?;
        match target.required_text("InputPath")?.as_str() {
            "$.detail" => {}
            other => return Err(target.wrong("InputPath", &format!("is {other} and not $.detail"))),
        }
        let unknown = target.wrong("Arn", &format!("is {arn}, which is not a queue of this stack"));
        target.finish()?;
        self.rules.push((unknown, set.to_owned(), arn));
        Ok(())
    }

    /// Joins rules with the destinations of their configuration sets.
    pub(super) fn link(self, queues: &[Queue]) -> Result<Vec<MailEvents>, TemplateError> {
        let mut linked = Vec::new();
        for (unknown, set, arn) in self.rules {
            let queue = queues.iter().find(|queue| queue.arn == arn).ok_or(unknown)?.name.clone();
            for (of, kinds) in self.destinations.iter().filter(|(of, _)| *of == set) {
                linked.push(MailEvents {
                    configuration_set: of.clone(),
                    kinds: kinds.clone(),
                    queue: queue.clone(),
                });
            }
        }
        Ok(linked)
    }
}
