//! E-mail by Amazon SES.

use aws_sdk_sesv2::{
    Client,
    error::ProvideErrorMetadata,
    types::{Body, Content, Destination, EmailContent, Message, MessageTag},
};
use handover_aws::{Failure, queue::Notice};

use crate::words::Words;

/// Sends e-mail.
#[derive(Clone, Debug)]
pub(crate) struct Mailer {
    client: Client,
    sender: Option<String>,
    configuration_set: Option<String>,
}

/// What an e-mail's later fate is recognised by: tags that SES repeats in its events.
pub(crate) const ACCOUNT_TAG: &str = "account";
/// The staff member that it went to.
pub(crate) const STAFF_TAG: &str = "staff";

impl Mailer {
    /// E-mail from `sender`, an identity that is verified in SES; none: e-mail is not set up. What becomes
    /// of an e-mail afterwards is heard of by the configuration set.
    pub(crate) const fn new(
        client: Client,
        sender: Option<String>,
        configuration_set: Option<String>,
    ) -> Self {
        Self { client, sender, configuration_set }
    }

    /// Sends an e-mail; gives the reason when the address is refused for good.
    pub(crate) async fn send(
        &self,
        to: &str,
        notice: &Notice,
        words: &Words,
    ) -> Result<Option<String>, Failure> {
        let Some(sender) = &self.sender else { return Ok(Some("e-mail is not set up".to_owned())) };
        let content = |text: &str| {
            let content = Content::builder().data(text).charset("UTF-8").build();
            content.map_err(|_| Failure::quarantine("e-mail cannot be built"))
        };
        let message = Message::builder()
            .subject(content(words.subject)?)
            .body(Body::builder().text(content(&words.email())?).build())
            .build();
        let tag = |name: &str, value: &str| {
            let tag = MessageTag::builder().name(name).value(value).build();
            tag.map_err(|_| Failure::quarantine("e-mail cannot be built"))
        };
        let result = self
            .client
            .send_email()
            .from_email_address(sender)
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(message).build())
            .set_configuration_set_name(self.configuration_set.clone())
            .email_tags(tag(ACCOUNT_TAG, notice.account.as_str())?)
            .email_tags(tag(STAFF_TAG, notice.notification.staff.as_str())?)
            .send()
            .await;
        let Err(error) = result else { return Ok(None) };
        let refused = error.as_service_error().and_then(ProvideErrorMetadata::code);
        match refused {
            Some("MessageRejected") => Ok(Some("address refused".to_owned())),
            Some("BadRequestException") => Ok(Some("address not valid".to_owned())),
            Some(_) | None => Err(handover_aws::store::classify(&error)),
        }
    }
}
