//! E-mail by Amazon SES.

use aws_sdk_sesv2::{
    Client,
    error::ProvideErrorMetadata,
    types::{Body, Content, Destination, EmailContent, Message},
};
use handover_aws::Failure;

use crate::words::Words;

/// Sends e-mail.
#[derive(Clone, Debug)]
pub(crate) struct Mailer {
    client: Client,
    sender: Option<String>,
}

impl Mailer {
    /// E-mail from `sender`, an identity that is verified in SES; none: e-mail is not set up.
    pub(crate) const fn new(client: Client, sender: Option<String>) -> Self {
        Self { client, sender }
    }

    /// Sends an e-mail; gives the reason when the address is refused for good.
    pub(crate) async fn send(&self, to: &str, words: &Words) -> Result<Option<String>, Failure> {
        let Some(sender) = &self.sender else { return Ok(Some("e-mail is not set up".to_owned())) };
        let content = |text: &str| {
            let content = Content::builder().data(text).charset("UTF-8").build();
            content.map_err(|_| Failure::quarantine("e-mail cannot be built"))
        };
        let message = Message::builder()
            .subject(content(words.subject)?)
            .body(Body::builder().text(content(&words.email())?).build())
            .build();
        let result = self
            .client
            .send_email()
            .from_email_address(sender)
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(message).build())
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
