//! What became of an e-mail after SES had taken it: it bounced, was complained about, or arrived.
//!
//! SES tells by its event publishing, over EventBridge; the body of the queue message is the event's
//! `detail` (Amazon SES Developer Guide, "Contents of event data that Amazon SES publishes").

use std::collections::BTreeMap;

use handover_aws::{
    Failure,
    store::{HealthNews, Recipient},
    telemetry,
};
use handover_core::{AccountId, NotificationChannel, StaffId, Timestamp};
use serde::Deserialize;

use crate::{
    App,
    email::{ACCOUNT_TAG, STAFF_TAG},
};

/// What SES says about an e-mail. Fields that nobody reads are left out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MailFate {
    event_type: String,
    mail: Mail,
    #[serde(default)]
    bounce: Option<Bounce>,
}

#[derive(Debug, Deserialize)]
struct Mail {
    /// Whom it was sent to.
    #[serde(default)]
    destination: Vec<String>,
    #[serde(default)]
    tags: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
}

impl MailFate {
    /// What it means for the address; `None`: nothing yet.
    fn news(&self) -> Option<HealthNews<'static>> {
        match (self.event_type.as_str(), &self.bounce) {
            ("Bounce", Some(bounce)) if bounce.bounce_type == "Permanent" => {
                Some(HealthNews::Bounced("the address bounces"))
            }
            ("Complaint", _) => Some(HealthNews::Bounced("the recipient marks our e-mails as spam")),
            ("Reject", _) => Some(HealthNews::Bounced("the mail service refuses to send it")),
            ("Delivery", _) => Some(HealthNews::Delivered),
            // Of bounces these are a full mailbox, a server that is away: the next e-mail may arrive.
            _ => None,
        }
    }

    fn tag<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.mail.tags.get(name)?.first()?.parse().ok()
    }
}

impl App {
    /// Shows on the staff member whether their address works.
    pub(crate) async fn note_fate(&self, fate: &MailFate, at: Timestamp) -> Result<(), Failure> {
        let Some(news) = fate.news() else {
            telemetry::count("mail", "no_news");
            return Ok(());
        };
        let tags = fate.tag::<AccountId>(ACCOUNT_TAG).zip(fate.tag::<StaffId>(STAFF_TAG));
        // Somebody else's e-mail, by another sender of the same mail account.
        let Some((account, staff)) = tags else { return Ok(()) };
        let address = self.store.staff(&account, &staff).await?.and_then(|staff| staff.email);
        let same = |to: &String| address.as_ref().is_some_and(|address| address.eq_ignore_ascii_case(to));
        if !fate.mail.destination.iter().any(same) {
            // They have left, or have another address by now.
            telemetry::count("mail", "address_changed");
            return Ok(());
        }
        telemetry::count("mail", if news == HealthNews::Delivered { "delivered" } else { "bounced" });
        let recipient = Recipient::Staff { staff, channel: NotificationChannel::Email };
        self.store.note_health(&account, &recipient, news, at).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(event: &str, rest: &str) -> MailFate {
        let mail = r#""mail":{"messageId":"m","destination":["ana@example.com"],"tags":{"account":["acc"],"staff":["ana"]}}"#;
        serde_json::from_str(&format!(r#"{{"eventType":"{event}",{mail}{rest}}}"#)).unwrap()
    }

    #[test]
    fn only_what_lasts_counts_against_an_address() {
        let bounce = |kind: &str| {
            let rest = format!(r#","bounce":{{"bounceType":"{kind}","bouncedRecipients":[]}}"#);
            fate("Bounce", &rest).news()
        };
        assert_eq!(bounce("Permanent"), Some(HealthNews::Bounced("the address bounces")));
        assert_eq!((bounce("Transient"), bounce("Undetermined")), (None, None));
        assert!(matches!(fate("Complaint", "").news(), Some(HealthNews::Bounced(_))));
        assert!(matches!(fate("Reject", "").news(), Some(HealthNews::Bounced(_))));
        assert_eq!(fate("Delivery", "").news(), Some(HealthNews::Delivered));
        assert_eq!(fate("Open", "").news(), None);
        assert_eq!(fate("Delivery", "").tag::<StaffId>(STAFF_TAG), "ana".parse().ok());
    }
}
