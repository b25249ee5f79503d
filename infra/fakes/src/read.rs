//! Requests as each provider's API reads them.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use data_encoding::BASE64;
use handover_core::Provider;
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Request};
use serde_json::Value;
use sha2::Sha256;

use crate::Account;

/// What is asked for, and whether by somebody who may.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) signed_in: bool,
    pub(crate) act: Act,
}

#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Send a text.
    Text { to: String, text: String, template: bool, tag: Option<String>, key: Option<String> },
    /// Show that something was read or is being written.
    Sign { to: String },
    /// Move a thread.
    Thread { client: String, away: bool },
    /// Ask a thread's owner for it.
    Request { client: String },
    /// Give an access token.
    Token,
    /// Something without a part that it needs.
    Incomplete,
    /// More text than the channel holds.
    TooLong,
}

/// Reads a request to an account's provider; `None` when it goes to another host or path.
#[expect(clippy::too_many_lines, reason = "an arm for each provider")]
pub(crate) fn read(
    account: &Account,
    request: &Request<Bytes>,
    tokens: &HashMap<String, i64>,
    now_ms: i64,
) -> Option<Asked> {
    if *request.method() != Method::POST {
        return None;
    }
    let seen = Seen::new(account, request);
    let asked = |signed_in, act| Some(Asked { signed_in, act });
    let bearer = |secret: &str| seen.has("authorization", &format!("Bearer {}", account.secret(secret)));
    let setting = |name| account.setting(name);
    match account.provider {
        Provider::Generic => {
            let own = setting("reply_url").parse::<http::Uri>().ok()?;
            let ours = own.host() == request.uri().host() && own.path() == request.uri().path();
            ours.then_some(())?;
            asked(seen.standard_webhook(account.secret("signing_secret")), seen.text("/to", "/text"))
        }
        Provider::Twilio => {
            if seen.host == "messaging.twilio.com" && seen.path == "/v2/Indicators/Typing.json" {
                let to = seen.field("messageId");
                return asked(seen.twilio(), to.map_or(Act::Incomplete, |to| Act::Sign { to }));
            }
            let path = format!("/2010-04-01/Accounts/{}/Messages.json", setting("account_sid"));
            seen.is_at("api.twilio.com", &path)?;
            asked(seen.twilio(), seen.twilio_message())
        }
        Provider::TwilioConversations => {
            let to = seen.at("conversations.twilio.com", "/v1/Conversations/", "/Messages")?;
            let act = seen.field("Body").map_or(Act::Incomplete, |text| plain(to, text));
            asked(seen.twilio(), act)
        }
        Provider::WhatsApp => {
            seen.at_end("graph.facebook.com", &format!("/{}/messages", setting("phone_number_id")))?;
            asked(bearer("access_token"), seen.whatsapp())
        }
        Provider::Messenger | Provider::Instagram => seen.messenger(bearer("access_token")),
        Provider::HighLevel => {
            seen.is_at("services.leadconnectorhq.com", "/conversations/messages")?;
            let signed_in = bearer("access_token") && seen.has("version", "2021-04-15");
            let channel = seen.string("/type");
            let act = if channel.is_some() { seen.text("/contactId", "/message") } else { Act::Incomplete };
            asked(
                signed_in,
                within(act, |text| match channel.as_deref() {
                    Some("IG") => text.len() <= 1_000,
                    Some("FB") => units(text) <= 2_000,
                    Some("WhatsApp") => units(text) <= 4_096,
                    Some("Email") => true,
                    _ => units(text) <= 1_600,
                }),
            )
        }
        Provider::Telegram => {
            (seen.host == "api.telegram.org").then_some(())?;
            let (token, method) = seen.path.strip_prefix("/bot")?.split_once('/')?;
            let chat = seen.json.pointer("/chat_id").map(Value::to_string);
            let act = match (method, chat, seen.string("/text")) {
                ("sendMessage", Some(to), Some(text)) => plain(to, text),
                ("sendChatAction", Some(to), _) => Act::Sign { to },
                _ => Act::Incomplete,
            };
            asked(token == account.secret("bot_token"), act)
        }
        Provider::Slack => {
            seen.is_at("slack.com", "/api/chat.postMessage")?;
            asked(bearer("bot_token"), seen.text("/channel", "/text"))
        }
        Provider::Line => {
            (seen.host == "api.line.me").then_some(())?;
            let act = match seen.path.as_str() {
                "/v2/bot/message/push" => seen.line(),
                "/v2/bot/chat/loading/start" => {
                    seen.string("/chatId").map_or(Act::Incomplete, |to| Act::Sign { to })
                }
                _ => return None,
            };
            asked(bearer("channel_access_token"), act)
        }
        Provider::Chatwoot => {
            let from = format!("/api/v1/accounts/{}/conversations/", setting("account_id"));
            let (client, what) = seen.below(setting("base_url"), &from)?;
            let act = match (what.as_str(), seen.string("/content"), seen.string("/status").as_deref()) {
                ("messages", Some(text), _) => plain(client, text),
                ("toggle_status", _, Some(status @ ("open" | "pending"))) => {
                    Act::Thread { client, away: status == "open" }
                }
                ("toggle_typing_status", ..) => Act::Sign { to: client },
                _ => Act::Incomplete,
            };
            asked(seen.has("api_access_token", account.secret("access_token")), act)
        }
        Provider::Intercom => {
            let hosts = ["api.intercom.io", "api.eu.intercom.io", "api.au.intercom.io"];
            let host = hosts.into_iter().find(|host| *host == seen.host)?;
            let to = seen.at(host, "/conversations/", "/reply")?;
            let complete =
                ["/message_type", "/type", "/admin_id"].iter().all(|part| seen.string(part).is_some());
            let text = seen.string("/body").filter(|_| complete);
            let signed_in = bearer("access_token") && seen.header("intercom-version").is_some();
            asked(signed_in, text.map_or(Act::Incomplete, |text| plain(to, text)))
        }
        Provider::Vonage => {
            seen.is_at("api.nexmo.com", "/v1/messages")?;
            let complete =
                ["/channel", "/message_type", "/from"].iter().all(|part| seen.string(part).is_some());
            let act = if complete { seen.text("/to", "/text") } else { Act::Incomplete };
            let longest = match seen.string("/channel").as_deref() {
                Some("messenger") => 640,
                Some("whatsapp") => 4_096,
                Some("rcs") => 3_072,
                _ => 1_000,
            };
            let act = within(act, |text| units(text) <= longest);
            asked(seen.basic(setting("api_key"), account.secret("api_secret")), act)
        }
        Provider::Sinch => seen.sinch(tokens, now_ms),
        Provider::MessageBird => {
            let to = seen.at("conversations.messagebird.com", "/v1/conversations/", "/messages")?;
            let text = seen.string("/content/text").filter(|_| seen.string("/type").is_some());
            asked(seen.access_key(), text.map_or(Act::Incomplete, |text| plain(to, text)))
        }
        Provider::Bird => {
            let path = format!(
                "/workspaces/{}/channels/{}/messages",
                setting("workspace_id"),
                setting("channel_id")
            );
            seen.is_at("api.bird.com", &path)?;
            asked(seen.access_key(), seen.text("/receiver/contacts/0/identifierValue", "/body/text/text"))
        }
        Provider::Viber => {
            seen.is_at("chatapi.viber.com", "/pa/send_message")?;
            let act = match seen.string("/sender/name") {
                Some(_) => seen.text("/receiver", "/text"),
                None => Act::Incomplete,
            };
            asked(seen.has("x-viber-auth-token", account.secret("auth_token")), act)
        }
        Provider::Sunshine => {
            let base = Some(setting("base_url")).filter(|base| !base.is_empty());
            let from = format!("/v2/apps/{}/conversations/", setting("app_id"));
            let (client, what) = seen.below(base.unwrap_or("https://api.smooch.io"), &from)?;
            let act = match (what.as_str(), seen.string("/author/type"), seen.string("/content/text")) {
                ("messages", Some(_), Some(text)) => plain(client, text),
                ("activity", Some(_), _) => Act::Sign { to: client },
                // To another integration, or to our own by its id.
                ("passControl", ..) => match seen.string("/switchboardIntegration") {
                    Some(to) => Act::Thread { client, away: to != setting("integration_id") },
                    None => Act::Incomplete,
                },
                // Nobody has offered control: there is none to accept.
                _ => Act::Incomplete,
            };
            asked(seen.basic(setting("key_id"), account.secret("key_secret")), act)
        }
    }
}

/// The Twilio account of somebody unknown, as the request itself describes it.
pub(crate) fn guest(request: &Request<Bytes>) -> Option<Account> {
    (request.uri().host() == Some("api.twilio.com")).then_some(())?;
    let sid = request.uri().path().strip_prefix("/2010-04-01/Accounts/")?.strip_suffix("/Messages.json")?;
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let credentials = header.and_then(|value| value.strip_prefix("Basic ")).unwrap_or_default();
    let credentials = BASE64.decode(credentials.as_bytes()).unwrap_or_default();
    let credentials = String::from_utf8_lossy(&credentials);
    let (user, password) = credentials.split_once(':').unwrap_or_default();
    let by_key = user.starts_with("SK");
    let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut settings = BTreeMap::from([named("account_sid", sid)]);
    if by_key {
        settings.extend([named("api_key_sid", user)]);
    }
    let secret = if by_key { "api_key_secret" } else { "auth_token" };
    let secrets = BTreeMap::from([named(secret, password)]);
    Some(Account { provider: Provider::Twilio, settings, secrets })
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The act, unless its text does not fit.
fn within(act: Act, fits: impl Fn(&str) -> bool) -> Act {
    if matches!(&act, Act::Text { text, .. } if !fits(text)) { Act::TooLong } else { act }
}

/// Whether a text is more than nine parts of an SMS: with plain letters, or with others.
fn is_over_nine_parts(text: &str) -> bool {
    const PLAIN: &str = "@£$¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\n\r";
    const TWICE: &str = "^{}\\[~]|€";
    let twice = text.chars().filter(|letter| TWICE.contains(*letter)).count();
    let is_plain = text.chars().all(|letter| {
        (' '..='~').contains(&letter) && letter != '`' || PLAIN.contains(letter) || TWICE.contains(letter)
    });
    if is_plain { text.chars().count() + twice > 9 * 153 } else { units(text) > 9 * 67 }
}

/// Whether a text is longer than the provider takes on any channel.
pub(crate) fn is_too_long(provider: Provider, text: &str) -> bool {
    let utf16 = units(text);
    match provider {
        Provider::Instagram => text.len() > 1_000,
        Provider::Messenger => utf16 > 2_000,
        // Vonage and Sinch on their longest channels; the others are looked at where the channel is known.
        Provider::WhatsApp | Provider::Telegram | Provider::Sunshine | Provider::Vonage | Provider::Sinch => {
            utf16 > 4_096
        }
        Provider::Twilio | Provider::TwilioConversations => utf16 > 1_600,
        Provider::MessageBird => is_over_nine_parts(text),
        Provider::Line => utf16 > 5_000 * 5,
        Provider::Viber | Provider::Intercom => utf16 > 7_000,
        Provider::Generic | Provider::Slack | Provider::Chatwoot | Provider::HighLevel | Provider::Bird => {
            utf16 > 40_000
        }
    }
}

fn plain(to: String, text: String) -> Act {
    if text.trim().is_empty() {
        return Act::Incomplete;
    }
    Act::Text { to, text, template: false, tag: None, key: None }
}

/// A request, taken apart.
struct Seen<'a> {
    account: &'a Account,
    request: &'a Request<Bytes>,
    host: String,
    path: String,
    json: Value,
    form: HashMap<String, String>,
}

impl<'a> Seen<'a> {
    fn new(account: &'a Account, request: &'a Request<Bytes>) -> Self {
        let is_form = request
            .headers()
            .get("content-type")
            .is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
        let form = if is_form {
            form_urlencoded::parse(request.body()).into_owned().collect()
        } else {
            HashMap::new()
        };
        Self {
            account,
            request,
            host: request.uri().host().unwrap_or_default().to_owned(),
            path: request.uri().path().to_owned(),
            json: serde_json::from_slice(request.body()).unwrap_or(Value::Null),
            form,
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.header(name) == Some(value)
    }

    fn basic(&self, user: &str, password: &str) -> bool {
        let credentials = BASE64.encode(format!("{user}:{password}").as_bytes());
        !password.is_empty() && self.has("authorization", &format!("Basic {credentials}"))
    }

    fn access_key(&self) -> bool {
        self.has("authorization", &format!("AccessKey {}", self.account.secret("access_key")))
    }

    fn string(&self, pointer: &str) -> Option<String> {
        self.json.pointer(pointer)?.as_str().map(str::to_owned)
    }

    fn field(&self, name: &str) -> Option<String> {
        self.form.get(name).filter(|value| !value.is_empty()).cloned()
    }

    fn text(&self, to: &str, text: &str) -> Act {
        match (self.string(to), self.string(text)) {
            (Some(to), Some(text)) => plain(to, text),
            _ => Act::Incomplete,
        }
    }

    fn is_at(&self, host: &str, path: &str) -> Option<()> {
        (self.host == host && self.path == path).then_some(())
    }

    fn at_end(&self, host: &str, path: &str) -> Option<()> {
        (self.host == host && self.path.ends_with(path)).then_some(())
    }

    fn at(&self, host: &str, before: &str, after: &str) -> Option<String> {
        (self.host == host).then_some(())?;
        Some(self.path.strip_prefix(before)?.strip_suffix(after)?.to_owned())
    }

    /// A conversation and what is below it, at an address that the account has chosen.
    fn below(&self, base: &str, path: &str) -> Option<(String, String)> {
        let base = base.trim_end_matches('/').parse::<http::Uri>().ok()?;
        (base.host() == Some(self.host.as_str())).then_some(())?;
        let own = self.path.strip_prefix(base.path().trim_end_matches('/'))?.strip_prefix(path)?;
        let (client, what) = own.split_once('/')?;
        Some((client.to_owned(), what.to_owned()))
    }

    /// Account and Auth Token, or an API key of the account's.
    fn twilio(&self) -> bool {
        let account = self.account;
        self.basic(account.setting("account_sid"), account.secret("auth_token"))
            || self.basic(account.setting("api_key_sid"), account.secret("api_key_secret"))
    }

    fn twilio_message(&self) -> Act {
        let sender = self.field("From").or_else(|| self.field("MessagingServiceSid"));
        let (Some(to), Some(_)) = (self.field("To"), sender) else { return Act::Incomplete };
        match (self.field("Body"), self.field("ContentSid")) {
            (Some(text), None) => plain(to, text),
            (_, Some(_)) => {
                let places: Value = self
                    .field("ContentVariables")
                    .and_then(|variables| serde_json::from_str(&variables).ok())
                    .unwrap_or(Value::Null);
                let text = places.get("1").and_then(Value::as_str).unwrap_or_default().to_owned();
                Act::Text { to, text, template: true, tag: None, key: None }
            }
            (None, None) => Act::Incomplete,
        }
    }

    fn whatsapp(&self) -> Act {
        if self.string("/messaging_product").as_deref() != Some("whatsapp") {
            return Act::Incomplete;
        }
        if self.string("/status").as_deref() == Some("read") {
            return self.string("/message_id").map_or(Act::Incomplete, |to| Act::Sign { to });
        }
        let Some(to) = self.string("/to").or_else(|| self.string("/recipient")) else {
            return Act::Incomplete;
        };
        match self.string("/type").as_deref() {
            Some("template") if self.string("/template/name").is_some() => {
                let text = self.string("/template/components/0/parameters/0/text").unwrap_or_default();
                // WhatsApp refuses line breaks, tabs and runs of blanks in a place (error 132018).
                let runs = text.contains(['\n', '\t']) || text.contains("    ");
                if runs || self.string("/template/language/code").is_none() {
                    return Act::Incomplete;
                }
                Act::Text { to, text, template: true, tag: None, key: None }
            }
            Some("text") => self.string("/text/body").map_or(Act::Incomplete, |text| plain(to, text)),
            _ => Act::Incomplete,
        }
    }

    fn messenger(&self, signed_in: bool) -> Option<Asked> {
        let (page, own) = (self.account.setting("page_id"), self.account.setting("account_id"));
        let (host, node) =
            if page.is_empty() { ("graph.instagram.com", own) } else { ("graph.facebook.com", page) };
        (self.host == host).then_some(())?;
        let (_, rest) = self.path.strip_prefix('/')?.split_once('/')?;
        let edge = rest.strip_prefix(node)?.strip_prefix('/')?;
        let Some(client) = self.string("/recipient/id") else {
            return Some(Asked { signed_in, act: Act::Incomplete });
        };
        let act = match edge {
            "pass_thread_control" if self.string("/target_app_id").is_some() => {
                Act::Thread { client, away: true }
            }
            "take_thread_control" => Act::Thread { client, away: false },
            "request_thread_control" => Act::Request { client },
            "messages" => match (self.string("/sender_action"), self.string("/message/text")) {
                (Some(_), _) => Act::Sign { to: client },
                (None, Some(text)) if self.string("/messaging_type").is_some() => {
                    Act::Text { to: client, text, template: false, tag: self.string("/tag"), key: None }
                }
                (None, _) => Act::Incomplete,
            },
            "pass_thread_control" => Act::Incomplete,
            _ => return None,
        };
        Some(Asked { signed_in, act })
    }

    fn line(&self) -> Act {
        let texts: Vec<&str> = self
            .json
            .pointer("/messages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|message| message.pointer("/text").and_then(Value::as_str))
            .collect();
        match self.string("/to") {
            Some(to) if (1..=5).contains(&texts.len()) => Act::Text {
                to,
                text: texts.concat(),
                template: false,
                tag: None,
                key: self.header("x-line-retry-key").map(str::to_owned),
            },
            _ => Act::Incomplete,
        }
    }

    fn sinch(&self, tokens: &HashMap<String, i64>, now_ms: i64) -> Option<Asked> {
        let account = self.account;
        let by_key = self.basic(account.setting("key_id"), account.secret("key_secret"));
        if self.host == "auth.sinch.com" && self.path == "/oauth2/token" {
            let granted = self.field("grant_type").as_deref() == Some("client_credentials");
            return Some(Asked {
                signed_in: by_key,
                act: if granted { Act::Token } else { Act::Incomplete },
            });
        }
        let region = Some(account.setting("region")).filter(|region| !region.is_empty()).unwrap_or("us");
        let path = format!("/v1/projects/{}/messages:send", account.setting("project_id"));
        self.is_at(&format!("{region}.conversation.api.sinch.com"), &path)?;
        let token = self.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let by_token = token.and_then(|token| tokens.get(token)).is_some_and(|until| *until > now_ms);
        let identity = "/recipient/identified_by/channel_identities/0/identity";
        let channel = "/recipient/identified_by/channel_identities/0/channel";
        let to = self.string("/recipient/contact_id").or_else(|| self.string(identity));
        let text = self.string("/message/text_message/text").filter(|_| self.string("/app_id").is_some());
        let act = match (to, text) {
            (Some(to), Some(text)) => plain(to, text),
            _ => Act::Incomplete,
        };
        let act = within(act, |text| match self.string(channel).as_deref() {
            Some("WHATSAPP" | "TELEGRAM") => units(text) <= 4_096,
            Some("MESSENGER" | "LINE") => units(text) <= 2_000,
            Some("SMS" | "RCS" | "MMS") => units(text) <= 1_600,
            Some("VIBERBM") => units(text) <= 1_000,
            _ => text.len() <= 1_000,
        });
        Some(Asked { signed_in: by_key || by_token, act })
    }

    /// Standard Webhooks v1: HMAC-SHA256 over id, time stamp and body.
    fn standard_webhook(&self, secret: &str) -> bool {
        let key = secret.strip_prefix("whsec_").and_then(|key| BASE64.decode(key.as_bytes()).ok());
        let headers = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let (Some(key), (Some(id), Some(timestamp))) = (key, headers) else { return false };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(self.request.body());
        let signature = format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()));
        self.header("webhook-signature").is_some_and(|header| header.split(' ').any(|one| one == signature))
    }
}
