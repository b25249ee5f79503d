//! Files that clients send: the requests that fetch them for staff, with the inbox's own credentials where a
//! provider wants them, and only to that provider's own hosts.
//!
//! Sources: WhatsApp, developers.facebook.com/docs/whatsapp/cloud-api/reference/media (an id, then an address that
//! lives for five minutes); Twilio, twilio.com/docs/messaging/api/media-resource (answers with a redirection);
//! Telegram, core.telegram.org/bots/api#getfile (up to 20 MB, an address for an hour); LINE,
//! developers.line.biz/en/reference/messaging-api/#get-content; Slack,
//! docs.slack.dev/reference/objects/file-object (`url_private` with the bot's token and the scope `files:read`).
//! All others send an address that needs nothing; not tried against the live services.

use handover_core::Provider;
use http::{HeaderMap, Request, StatusCode, Uri, header};

use crate::{Endpoint, Unsendable, json::Json, line, meta::graph_url, outbound::segment, twilio};

/// What came of a request for a file.
#[derive(Debug)]
pub enum Fetched {
    /// The answer's body is the file.
    File,
    /// The file is to be had by this request.
    At(Box<Request<Vec<u8>>>),
}

fn at(request: Request<Vec<u8>>) -> Fetched {
    Fetched::At(Box::new(request))
}

/// Why a file cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFile {
    /// The inbox lacks what the request needs.
    #[error(transparent)]
    Unsendable(#[from] Unsendable),
    /// Nothing is known of how to fetch it.
    #[error("the provider's files cannot be fetched")]
    Unknown,
    /// The provider does not have it any more.
    #[error("the provider does not have the file any more")]
    Gone,
    /// The provider does not give it to us.
    #[error("the provider does not give the file to the inbox")]
    Refused,
    /// Something else went wrong, and may go better later.
    #[error("the provider does not answer as documented")]
    Unavailable,
}

/// The files that a reference names (see `Content::Media` in handover-core): blanks stand between them.
pub fn references(all: &str) -> impl Iterator<Item = &str> {
    all.split_ascii_whitespace()
}

/// The first request for a file.
///
/// # Errors
/// Why there is none.
pub fn media_request(endpoint: &Endpoint<'_>, reference: &str) -> Result<Request<Vec<u8>>, NoFile> {
    match endpoint.provider {
        Provider::WhatsApp => {
            let url = graph_url(endpoint, "graph.facebook.com", reference, "");
            get(url.trim_end_matches('/'), Some(&secret(endpoint, "access_token")?))
        }
        Provider::Twilio => {
            let (_, authorization) = twilio::credentials(endpoint)?;
            get(reference, is_at(reference, &["api.twilio.com"]).then_some(authorization.as_str()))
        }
        Provider::Telegram => {
            let token = token(endpoint)?;
            get(&format!("https://api.telegram.org/bot{token}/getFile?file_id={}", segment(reference)), None)
        }
        Provider::Line => {
            let url = format!("https://api-data.line.me/v2/bot/message/{}/content", segment(reference));
            get(&url, Some(&line::bearer(endpoint)?))
        }
        Provider::Slack => {
            let authorization = secret(endpoint, "bot_token")?;
            get(reference, is_at(reference, &["files.slack.com"]).then_some(authorization.as_str()))
        }
        // A file has an id in the service, which no setting names.
        Provider::TwilioConversations => Err(NoFile::Unknown),
        Provider::Messenger
        | Provider::Instagram
        | Provider::HighLevel
        | Provider::Chatwoot
        | Provider::Intercom
        | Provider::Vonage
        | Provider::Sinch
        | Provider::MessageBird
        | Provider::Bird
        | Provider::Viber
        | Provider::Sunshine
        | Provider::Generic => get(reference, None),
    }
}

/// What the answer to a request for a file at `asked` means.
///
/// # Errors
/// Why the file cannot be had.
pub fn media_answer(
    endpoint: &Endpoint<'_>,
    asked: &Uri,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Fetched, NoFile> {
    if status.is_redirection() {
        let to = headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).ok_or(NoFile::Unavailable)?;
        // Wherever it leads, it takes no credentials along.
        return get(to, None).map(at);
    }
    match status {
        // Telegram and Meta say "bad request" of files that they do not know.
        StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::BAD_REQUEST => return Err(NoFile::Gone),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(NoFile::Refused),
        status if !status.is_success() => return Err(NoFile::Unavailable),
        _ => {}
    }
    let text = || String::from_utf8_lossy(body).into_owned();
    match (endpoint.provider, asked.host()) {
        (Provider::WhatsApp, Some("graph.facebook.com")) => {
            let text = text();
            let answer = Json::parse(&text).ok_or(NoFile::Unavailable)?;
            let url = answer.get("url").text().ok_or(NoFile::Unavailable)?;
            let authorization = secret(endpoint, "access_token")?;
            let is_metas = is_at(url, &["lookaside.fbsbx.com"]);
            get(url, is_metas.then_some(authorization.as_str())).map(at)
        }
        (Provider::Telegram, _) if asked.path().ends_with("/getFile") => {
            let text = text();
            let answer = Json::parse(&text).ok_or(NoFile::Unavailable)?;
            let path = answer.at(&["result", "file_path"]).text().ok_or(NoFile::Gone)?;
            let path: Vec<String> = path.split('/').map(segment).collect();
            if path.iter().any(|part| part == "..") {
                return Err(NoFile::Unavailable);
            }
            let url = format!("https://api.telegram.org/file/bot{}/{}", token(endpoint)?, path.join("/"));
            get(&url, None).map(at)
        }
        // Slack shows whoever may not see a file its page for signing in.
        (Provider::Slack, _) if is_html(headers) => Err(NoFile::Refused),
        // Being prepared (LINE, for long videos).
        (Provider::Line, _) if status == StatusCode::ACCEPTED => Err(NoFile::Unavailable),
        _ => Ok(Fetched::File),
    }
}

fn secret(endpoint: &Endpoint<'_>, name: &'static str) -> Result<String, Unsendable> {
    Ok(format!("Bearer {}", endpoint.secrets.newest(name).ok_or(Unsendable::MissingSecret(name))?))
}

/// Telegram's token, which stands in the path as it is.
fn token<'a>(endpoint: &Endpoint<'a>) -> Result<&'a str, Unsendable> {
    let token = endpoint.secrets.newest("bot_token").ok_or(Unsendable::MissingSecret("bot_token"))?;
    let is_plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":-_".contains(&byte));
    if is_plain { Ok(token) } else { Err(Unsendable::BadSettings) }
}

/// Whether an address is https at one of these hosts, at the usual port.
fn is_at(url: &str, hosts: &[&str]) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    uri.scheme_str() == Some("https")
        && uri.authority().is_some_and(|authority| hosts.contains(&authority.as_str()))
}

fn is_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("text/html"))
}

fn get(url: &str, authorization: Option<&str>) -> Result<Request<Vec<u8>>, NoFile> {
    if !url.starts_with("https://") {
        return Err(NoFile::Unknown);
    }
    // Meta's media servers refuse whoever does not say what they are.
    let mut request = Request::builder().uri(url).header(header::USER_AGENT, "handover");
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    request.body(Vec::new()).map_err(|_| NoFile::Unknown)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use handover_core::InboxId;

    use super::*;
    use crate::Secrets;

    /// What is asked of whom with which credentials, from hop to hop.
    fn asked(
        provider: Provider,
        reference: &str,
        answers: &[(u16, &str, &str)],
    ) -> Vec<(String, Option<String>)> {
        let inbox: InboxId = "inbox".parse().unwrap();
        let settings: BTreeMap<String, String> =
            [("account_sid".to_owned(), "AC1".to_owned())].into_iter().collect();
        let secrets: Secrets =
            [("access_token", "t"), ("auth_token", "t"), ("bot_token", "1:t"), ("channel_access_token", "t")]
                .into_iter()
                .collect();
        let endpoint = Endpoint {
            provider,
            inbox: &inbox,
            public_url: "https://h",
            settings: &settings,
            secrets: &secrets,
        };
        let mut request = media_request(&endpoint, reference);
        let mut asked = Vec::new();
        let mut answers = answers.iter();
        loop {
            let sent = match request {
                Ok(sent) => sent,
                Err(no) => {
                    asked.push((no.to_string(), None));
                    return asked;
                }
            };
            let authorization = sent.headers().get("authorization");
            asked.push((
                sent.uri().to_string(),
                authorization.map(|value| value.to_str().unwrap().to_owned()),
            ));
            let Some((status, location, body)) = answers.next() else { return asked };
            let mut headers = HeaderMap::new();
            if !location.is_empty() {
                headers.insert(header::LOCATION, location.parse().unwrap());
            }
            let status = StatusCode::from_u16(*status).unwrap();
            request = match media_answer(&endpoint, sent.uri(), status, &headers, body.as_bytes()) {
                Ok(Fetched::At(next)) => Ok(*next),
                Ok(Fetched::File) => return asked,
                Err(no) => Err(no),
            };
        }
    }

    fn with(url: &str, authorization: &str) -> (String, Option<String>) {
        (url.to_owned(), Some(authorization.to_owned()))
    }

    fn without(url: &str) -> (String, Option<String>) {
        (url.to_owned(), None)
    }

    #[test]
    fn credentials_go_to_the_provider_and_nowhere_else() {
        let lookaside = r#"{"url":"https://lookaside.fbsbx.com/whatsapp?mid=1"}"#;
        assert_eq!(
            asked(Provider::WhatsApp, "77/8", &[(200, "", lookaside), (200, "", "bytes")])[1..],
            [with("https://lookaside.fbsbx.com/whatsapp?mid=1", "Bearer t")]
        );
        let elsewhere = asked(Provider::WhatsApp, "77", &[(200, "", r#"{"url":"https://evil.example/1"}"#)]);
        assert!(
            elsewhere[0].0.ends_with("/77") && elsewhere[0].1.as_deref() == Some("Bearer t"),
            "{elsewhere:?}"
        );
        assert_eq!(elsewhere[1..], [without("https://evil.example/1")]);

        let media = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1";
        let cdn = "https://mms.twiliocdn.com/1?signature=2";
        assert_eq!(
            asked(Provider::Twilio, media, &[(307, cdn, ""), (200, "", "bytes")]),
            [with(media, "Basic QUMxOnQ="), without(cdn)]
        );
        for elsewhere in ["https://api.twilio.com.evil.example/1", "https://api.twilio.com:444/1"] {
            assert_eq!(asked(Provider::Twilio, elsewhere, &[]), [without(elsewhere)]);
        }
        assert_eq!(
            asked(Provider::Slack, "https://files.slack.com/1.png", &[]),
            [with("https://files.slack.com/1.png", "Bearer 1:t")]
        );
        assert_eq!(
            asked(Provider::Slack, "https://evil.example/1", &[]),
            [without("https://evil.example/1")]
        );
        assert_eq!(
            asked(Provider::Line, "325708", &[]),
            [with("https://api-data.line.me/v2/bot/message/325708/content", "Bearer t")]
        );
        assert_eq!(
            asked(Provider::Telegram, "a&b", &[(200, "", r#"{"result":{"file_path":"voice/file 1.oga"}}"#)]),
            [
                without("https://api.telegram.org/bot1:t/getFile?file_id=a%26b"),
                without("https://api.telegram.org/file/bot1:t/voice/file%201.oga"),
            ]
        );
        assert_eq!(
            asked(Provider::Viber, "https://dl.viber.example/1", &[]),
            [without("https://dl.viber.example/1")]
        );
    }

    #[test]
    fn why_a_file_cannot_be_had_is_told_apart() {
        let last = |provider, reference, answers: &[(u16, &str, &str)]| {
            asked(provider, reference, answers).pop().map(|(told, _)| told)
        };
        for (status, told) in
            [(404, NoFile::Gone), (400, NoFile::Gone), (403, NoFile::Refused), (500, NoFile::Unavailable)]
        {
            assert_eq!(last(Provider::Line, "1", &[(status, "", "")]), Some(told.to_string()), "{status}");
        }
        assert_eq!(last(Provider::Viber, "http://plain.example/1", &[]), Some(NoFile::Unknown.to_string()));
        assert_eq!(last(Provider::TwilioConversations, "ME1", &[]), Some(NoFile::Unknown.to_string()));
        assert_eq!(
            last(Provider::Twilio, "https://x.example", &[(302, "http://x.example", "")]),
            Some(NoFile::Unknown.to_string())
        );
        let outside = r#"{"result":{"file_path":"../../bot2/getUpdates"}}"#;
        assert_eq!(
            last(Provider::Telegram, "1", &[(200, "", outside)]),
            Some(NoFile::Unavailable.to_string())
        );
    }
}
