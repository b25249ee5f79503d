//! The state item: within 1 KB, because every write of it is priced by the KB. What its keys and the columns
//! of the `inbox` index say is not said again in the state.

use handover_core::{Conversation, ConversationId, InboxId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A conversation's state, or a pointer to the conversation that another identity belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StateForm", into = "StateForm")]
pub(crate) struct StateItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    /// Repeats the conversation's, for conditions.
    pub(crate) version: u64,
    pub(crate) state: Option<Conversation>,
    pub(crate) moved_to: Option<ConversationId>,
    pub(crate) inbox_pk: Option<String>,
    pub(crate) inbox_sk: Option<String>,
    pub(crate) conversation: Option<ConversationId>,
    pub(crate) inbox: Option<InboxId>,
    pub(crate) wake_at: Option<Timestamp>,
    pub(crate) scenario: Option<String>,
    pub(crate) assignee: Option<String>,
    pub(crate) urgency: Option<u8>,
}

/// The item as the table has it.
#[derive(Clone, Serialize, Deserialize)]
struct StateForm {
    pk: String,
    sk: String,
    schema: u8,
    /// Repeats the conversation's, for conditions.
    version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moved_to: Option<ConversationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inbox_pk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inbox_sk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inbox: Option<InboxId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wake_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scenario: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    urgency: Option<u8>,
}

impl From<StateItem> for StateForm {
    fn from(item: StateItem) -> Self {
        let state = item.state.map(|conversation| {
            let own_contact = conversation.contact.as_str() == conversation.id.as_str();
            let mut state = match serde_json::to_value(conversation) {
                Ok(Value::Object(state)) => state,
                // A conversation is a map.
                Ok(_) | Err(_) => Map::new(),
            };
            for name in ["account", "id", "inbox"] {
                state.remove(name);
            }
            if own_contact {
                state.remove("contact");
            }
            state
        });
        Self {
            pk: item.pk,
            sk: item.sk,
            schema: item.schema,
            version: item.version,
            state,
            moved_to: item.moved_to,
            inbox_pk: item.inbox_pk,
            inbox_sk: item.inbox_sk,
            conversation: item.conversation,
            inbox: item.inbox,
            wake_at: item.wake_at,
            scenario: item.scenario,
            assignee: item.assignee,
            urgency: item.urgency,
        }
    }
}

impl TryFrom<StateForm> for StateItem {
    type Error = serde_json::Error;

    fn try_from(form: StateForm) -> Result<Self, serde_json::Error> {
        let state = form.state.map(|mut state| {
            let mut fill = |name: &str, value: Option<&str>| {
                if let Some(value) = value
                    && !state.contains_key(name)
                {
                    state.insert(name.to_owned(), Value::from(value));
                }
            };
            let id = form.conversation.as_ref().map(ConversationId::as_str);
            fill("account", form.pk.split('#').nth(1));
            fill("id", id);
            fill("contact", id);
            fill("inbox", form.inbox.as_ref().map(InboxId::as_str));
            serde_json::from_value(Value::Object(state))
        });
        Ok(Self {
            pk: form.pk,
            sk: form.sk,
            schema: form.schema,
            version: form.version,
            state: state.transpose()?,
            moved_to: form.moved_to,
            inbox_pk: form.inbox_pk,
            inbox_sk: form.inbox_sk,
            conversation: form.conversation,
            inbox: form.inbox,
            wake_at: form.wake_at,
            scenario: form.scenario,
            assignee: form.assignee,
            urgency: form.urgency,
        })
    }
}

#[cfg(test)]
mod tests {
    use handover_core::{Assignee, Channel, StaffId};

    use super::{super::commit::state_item, *};

    fn conversation() -> Conversation {
        Conversation::new(
            "acc_1".parse().unwrap(),
            "conv".parse().unwrap(),
            "inbox_1".parse().unwrap(),
            Channel::Sms,
            "+4930123456".to_owned(),
            Timestamp::from_ms(1_767_225_600_000),
        )
    }

    fn item(conversation: &Conversation) -> StateItem {
        let ana: StaffId = "ana".parse().unwrap();
        state_item(conversation.clone(), Some(&Assignee::Staff(ana)))
    }

    #[test]
    fn what_the_item_says_elsewhere_is_left_out_and_put_back() {
        let mut other_contact = conversation();
        other_contact.contact = "other".parse().unwrap();
        for (conversation, contact) in [(conversation(), false), (other_contact, true)] {
            let item = item(&conversation);
            let stored: Map<String, Value> =
                serde_dynamo::from_item(serde_dynamo::to_item::<_, super::super::Item>(&item).unwrap())
                    .unwrap();
            let state = stored.get("state").and_then(Value::as_object).unwrap();
            assert!(["account", "id", "inbox"].iter().all(|name| !state.contains_key(*name)), "{state:?}");
            assert_eq!(state.contains_key("contact"), contact);
            let read: StateItem = serde_json::from_value(Value::Object(stored)).unwrap();
            assert_eq!(read, item);
        }
    }

    #[test]
    fn a_state_that_says_it_all_stays_readable() {
        let item = item(&conversation());
        let mut stored = serde_json::to_value(&item).unwrap();
        let full = serde_json::to_value(conversation()).unwrap();
        stored.as_object_mut().unwrap().insert("state".to_owned(), full);
        assert_eq!(serde_json::from_value::<StateItem>(stored).unwrap(), item);
    }
}
