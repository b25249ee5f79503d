//! What is printed at the start: the address, and commands to paste.

use handover_aws::Random;

use crate::{ClientMessage, Local, Sample, SampleInbox, curl};

/// What the commands' client says.
const TEXT: &str = "I want to talk to a human";

/// A signed command for a new message.
pub(crate) fn command(
    local: &Local,
    inbox: &SampleInbox,
    from: Option<&str>,
    text: &str,
    random: &Random,
) -> String {
    let message = ClientMessage::new(inbox, from, text, random);
    curl(&inbox.call(local.public_url(), &message, local.wall()))
}

/// The text, its first line `ready http://ADDR`.
pub(crate) fn text(base_url: &str, local: &Local, sample: &Sample, random: &Random) -> String {
    let clinic = &sample.clinic;
    let (twilio, generic) = (&clinic.twilio, &clinic.generic);
    let page = format!("{base_url}/local/curl?");
    let start = page.len();
    let again = form_urlencoded::Serializer::for_suffix(page, start)
        .append_pair("inbox", twilio.inbox.id.as_str())
        .append_pair("text", TEXT)
        .finish();
    format!(
        "ready {base_url}

A client of {clinic} asks for a human, on WhatsApp by Twilio (the signature does not expire):

  {from_twilio}

and in the chat of its website (this signature is good for five minutes):

  {from_generic}

Each is one message: sent again it is a duplicate, which changes nothing. A new one, freshly signed:

  curl -sS '{again}' | sh

What came of it, what went out, and an hour later:

  curl -sS {base_url}/local/conversations
  curl -sS {base_url}/local/outbox
  curl -sS {base_url}/local/clock -d '{{\"advance\": \"PT1H\"}}'

The API, with a key of scope admin for {clinic}, and an account of your own:

  curl -sS {base_url}/v1/accounts/{account}/conversations -H 'authorization: Bearer {api_key}'
  curl -sS {base_url}/local/accounts -d '{{\"name\": \"My business\"}}'

Inboxes, secrets, staff and the AWS endpoint: {base_url}/local/info. Ctrl-C stops.
",
        clinic = clinic.name,
        account = clinic.account,
        api_key = clinic.api_key,
        from_twilio = command(local, twilio, None, TEXT, random),
        from_generic = command(local, generic, None, TEXT, random),
    )
}
