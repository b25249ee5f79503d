//! Authentic webhook calls of every provider: a text message of 2 KB, signed as the provider signs it.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use ed25519_dalek::{Signer, SigningKey};
use handover_core::{InboxId, Provider, Timestamp};
use handover_providers::{
    Endpoint, Secrets, Settings, Verdict, WebhookRequest, receive, standard_webhooks_signature,
    twilio_signature,
};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Where the calls go.
pub(crate) const URL: &str = "https://hooks.example.com/webhooks/inbox";
/// The secrets that webhooks are signed with.
pub(crate) const SIGNING: [&str; 9] = [
    "app_secret",
    "auth_token",
    "channel_secret",
    "client_secret",
    "secret_token",
    "signature_secret",
    "signing_key",
    "signing_secret",
    "webhook_secret",
];
/// Bytes of a body.
const SIZE: usize = 2_048;
/// What stands for the client's words in the bodies.
const WORDS: &str = "WORDS";

/// A webhook call.
pub(crate) struct Call {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// What the inbox has to know to verify it, besides the secret.
    pub(crate) settings: Settings,
}

impl Call {
    /// What an inbox with these secrets makes of it at an instant, in seconds since the Unix epoch.
    pub(crate) fn received(
        &self,
        provider: Provider,
        inbox: &InboxId,
        secrets: &Secrets,
        now: i64,
    ) -> Verdict {
        let endpoint = Endpoint { provider, inbox, public_url: URL, settings: &self.settings, secrets };
        let request = WebhookRequest {
            method: &Method::POST,
            raw_query: "",
            headers: &self.headers,
            body: self.body.as_bytes(),
        };
        receive(&endpoint, &request, Timestamp::from_ms(now * 1_000))
    }
}

/// A call that is signed under a secret at an instant, in seconds since the Unix epoch. `None` when the secret is
/// none of the provider's form.
pub(crate) fn call(provider: Provider, secret: &str, seconds: i64) -> Option<Call> {
    let is_form = matches!(provider, Provider::Twilio | Provider::TwilioConversations);
    let template = template(provider);
    let length = (SIZE + WORDS.len()).checked_sub(template.len())?;
    let phrase = if is_form { "please+help+me+" } else { "please help me " };
    let words: String = phrase.chars().cycle().take(length).collect();
    let body = template
        .replace(WORDS, &words)
        // HighLevel signs the time with the body.
        .replace("TIME", &time(seconds));
    let mut headers = HeaderMap::new();
    let content_type = if is_form { "application/x-www-form-urlencoded" } else { "application/json" };
    headers.insert("content-type", HeaderValue::from_static(content_type));
    let mut settings = Settings::new();
    for (name, value) in signed(provider, secret, seconds, &body, &mut settings)? {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?);
    }
    Some(Call { headers, body, settings })
}

/// A time of 1 January 2026.
fn time(seconds: i64) -> String {
    let second = seconds - 1_767_225_600;
    format!("2026-01-01T{:02}:{:02}:{:02}.000Z", second / 3_600, second / 60 % 60, second % 60)
}

/// The headers that prove a body, as the provider makes them.
fn signed(
    provider: Provider,
    secret: &str,
    seconds: i64,
    body: &str,
    settings: &mut Settings,
) -> Option<Vec<(&'static str, String)>> {
    let now = seconds.to_string();
    let sha256 = |parts: &[&[u8]]| -> Option<Vec<u8>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
        for part in parts {
            mac.update(part);
        }
        Some(mac.finalize().into_bytes().to_vec())
    };
    let token = |claims: &Value| -> Option<String> {
        let encode = |json: &Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let signed = format!("{}.{}", encode(&json!({ "alg": "HS256", "typ": "JWT" })), encode(claims));
        Some(format!("{signed}.{}", BASE64URL_NOPAD.encode(&sha256(&[signed.as_bytes()])?)))
    };
    let hash = |bytes: &str| HEXLOWER.encode(&Sha256::digest(bytes));
    let bytes = body.as_bytes();
    Some(match provider {
        Provider::Generic => vec![
            ("webhook-id", "call".to_owned()),
            ("webhook-signature", standard_webhooks_signature(secret, "call", seconds, bytes)?),
            ("webhook-timestamp", now),
        ],
        Provider::Twilio | Provider::TwilioConversations => {
            vec![("x-twilio-signature", twilio_signature(secret, URL, bytes))]
        }
        Provider::WhatsApp | Provider::Messenger | Provider::Instagram => {
            vec![("x-hub-signature-256", format!("sha256={}", HEXLOWER.encode(&sha256(&[bytes])?)))]
        }
        Provider::HighLevel => {
            let key = SigningKey::from_bytes(&[7; 32]);
            let mut public = HEXLOWER.decode(b"302a300506032b6570032100").ok()?;
            public.extend(key.verifying_key().as_bytes());
            settings.insert("public_key".to_owned(), BASE64.encode(&public));
            vec![("x-ghl-signature", BASE64.encode(&key.sign(bytes).to_bytes()))]
        }
        Provider::Telegram => vec![("x-telegram-bot-api-secret-token", secret.to_owned())],
        Provider::Slack => vec![
            (
                "x-slack-signature",
                format!("v0={}", HEXLOWER.encode(&sha256(&[b"v0:", now.as_bytes(), b":", bytes])?)),
            ),
            ("x-slack-request-timestamp", now),
        ],
        Provider::Line => vec![("x-line-signature", BASE64.encode(&sha256(&[bytes])?))],
        Provider::Chatwoot => vec![
            (
                "x-chatwoot-signature",
                format!("sha256={}", HEXLOWER.encode(&sha256(&[now.as_bytes(), b".", bytes])?)),
            ),
            ("x-chatwoot-timestamp", now),
        ],
        Provider::Intercom => {
            let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).ok()?;
            mac.update(bytes);
            vec![("x-hub-signature", format!("sha1={}", HEXLOWER.encode(&mac.finalize().into_bytes())))]
        }
        Provider::Vonage => {
            let claims = json!({ "iat": seconds, "jti": "1", "iss": "Vonage", "payload_hash": hash(body) });
            vec![("authorization", format!("Bearer {}", token(&claims)?))]
        }
        Provider::Sinch => vec![
            ("x-sinch-webhook-signature", BASE64.encode(&sha256(&[bytes, b".nonce.", now.as_bytes()])?)),
            ("x-sinch-webhook-signature-nonce", "nonce".to_owned()),
            ("x-sinch-webhook-signature-timestamp", now),
        ],
        Provider::MessageBird => {
            let claims = json!({
                "iss": "MessageBird", "nbf": seconds, "exp": seconds + 60, "jti": "1",
                "url_hash": hash(URL), "payload_hash": hash(body),
            });
            vec![("messagebird-signature-jwt", token(&claims)?)]
        }
        Provider::Bird => {
            let parts: [&[u8]; 5] = [now.as_bytes(), b"\n", URL.as_bytes(), b"\n", &Sha256::digest(body)];
            vec![
                ("messagebird-signature", BASE64.encode(&sha256(&parts)?)),
                ("messagebird-request-timestamp", now),
            ]
        }
        Provider::Viber => vec![("x-viber-content-signature", HEXLOWER.encode(&sha256(&[bytes])?))],
        Provider::Sunshine => vec![("x-api-key", secret.to_owned())],
    })
}

/// A text message with what the provider sends around it.
const fn template(provider: Provider) -> &'static str {
    match provider {
        Provider::Generic => {
            r#"{"type":"message","id":"m1","from":["id-1","+4915112345678"],"name":"Ada","text":"WORDS"}"#
        }
        Provider::Twilio => {
            "SmsMessageSid=SM1111111111111111&NumMedia=0&ProfileName=Ada+Lovelace&MessageType=text&SmsSid=SM1111111111111111&WaId=4915112345678&SmsStatus=received&To=whatsapp%3A%2B15550001111&NumSegments=1&ReferralNumMedia=0&MessageSid=SM1111111111111111&AccountSid=AC1111111111111111&From=whatsapp%3A%2B4915112345678&ApiVersion=2010-04-01&Body=WORDS"
        }
        Provider::TwilioConversations => {
            "AccountSid=AC1111111111111111&ChatServiceSid=IS1111111111111111&ConversationSid=CH1111111111111111&RetryCount=0&EventType=onMessageAdded&MessageSid=IM1111111111111111&Index=4&DateCreated=2026-01-01T10%3A00%3A01.000Z&Author=%2B4915112345678&ParticipantSid=MB1111111111111111&Source=SMS&Attributes=%7B%7D&Body=WORDS"
        }
        Provider::WhatsApp => {
            r#"{"object":"whatsapp_business_account","entry":[{"id":"100000000000001","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550001111","phone_number_id":"200000000000002"},"contacts":[{"profile":{"name":"J\u00fcrgen"},"wa_id":"4915112345678","user_id":"DE.1234567890"}],"messages":[{"from":"4915112345678","from_user_id":"DE.1234567890","id":"wamid.TEST0001","timestamp":"1767225600","type":"text","text":{"body":"WORDS"}}]},"field":"messages"}]}]}"#
        }
        Provider::Messenger | Provider::Instagram => {
            r#"{"object":"page","entry":[{"id":"300000000000001","time":1767225600500,"messaging":[{"sender":{"id":"7000000000000001"},"recipient":{"id":"300000000000001"},"timestamp":1767225600001,"message":{"mid":"m_AAA1","text":"WORDS"}}]}]}"#
        }
        Provider::HighLevel => {
            r#"{"type":"InboundMessage","locationId":"l1C08ntBrFjLS0el","contactId":"cI08i1Bls3iTB9bK","conversationId":"fcanlLgpbQgQhde","messageId":"hlmsg0001","webhookId":"wh-0001","timestamp":"TIME","dateAdded":"2026-01-01T00:00:00.000Z","messageType":"SMS","contentType":"text/plain","status":"delivered","direction":"inbound","body":"WORDS"}"#
        }
        Provider::Telegram => {
            r#"{"update_id":100000001,"message":{"message_id":11,"from":{"id":42,"is_bot":false,"first_name":"Ada","username":"ada","language_code":"en"},"chat":{"id":42,"first_name":"Ada","username":"ada","type":"private"},"date":1767225601,"text":"WORDS"}}"#
        }
        Provider::Slack => {
            r#"{"token":"XXYYZZ","team_id":"T0TEST001","api_app_id":"A0TEST001","event":{"client_msg_id":"1","type":"message","text":"WORDS","user":"U0CUST001","ts":"1767225601.000001","team":"T0TEST001","channel":"D0TEST001","event_ts":"1767225601.000001","channel_type":"im"},"type":"event_callback","event_id":"Ev0TEST0001","event_time":1767225601,"authorizations":[{"enterprise_id":null,"team_id":"T0TEST001","user_id":"U0BOT0001","is_bot":true}]}"#
        }
        Provider::Line => {
            r#"{"destination":"U00000000000000000000000000000001","events":[{"type":"message","webhookEventId":"01HTESTEVENT00000000000001","deliveryContext":{"isRedelivery":false},"timestamp":1767225600001,"source":{"type":"user","userId":"U0000000000000000000000000000000c"},"replyToken":"0f3779fba3b349968c5d07db31eab56f","mode":"active","message":{"type":"text","id":"468789577898262530","quoteToken":"q","text":"WORDS"}}]}"#
        }
        Provider::Chatwoot => {
            r#"{"event":"message_created","id":9001,"content":"WORDS","created_at":"2026-01-01T10:00:01.000Z","message_type":"incoming","content_type":"text","content_attributes":{},"private":false,"source_id":null,"sender":{"id":10,"name":"Alice","email":"a@example.com","type":"contact"},"inbox":{"id":3,"name":"Web"},"conversation":{"id":42,"inbox_id":3,"status":"pending","channel":"Channel::WebWidget","meta":{"sender":{"id":10,"name":"Alice"},"assignee":null}},"account":{"id":1,"name":"Acme"}}"#
        }
        Provider::Intercom => {
            r#"{"type":"notification_event","app_id":"abc123","data":{"type":"notification_event_data","item":{"type":"conversation","id":"215","conversation_parts":{"type":"conversation_part.list","total_count":1,"conversation_parts":[{"type":"conversation_part","id":"9002","part_type":"comment","body":"<p>WORDS</p>","created_at":1767225602,"author":{"type":"user","id":"5ba682d23d7cf92bef87bfd4","name":"Ada"},"attachments":[]}]}}},"id":"notif_0002","topic":"conversation.user.replied","created_at":1767225602}"#
        }
        Provider::Vonage => {
            r#"{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-000000000001","to":"447700900000","from":"447700900001","timestamp":"2026-01-01T10:00:01Z","channel":"whatsapp","message_type":"text","text":"WORDS","profile":{"name":"Ada"}}"#
        }
        Provider::Sinch => {
            r#"{"app_id":"01APPTEST","project_id":"proj-1","accepted_time":"2026-01-01T10:00:00.000Z","event_time":"2026-01-01T10:00:00.000Z","message":{"id":"01MSG1","direction":"TO_APP","conversation_id":"01CONV","contact_id":"01CONTACT","channel_identity":{"channel":"WHATSAPP","identity":"46700000000"},"contact_message":{"text_message":{"text":"WORDS"}},"accept_time":"2026-01-01T10:00:00.000Z"}}"#
        }
        Provider::MessageBird => {
            r#"{"type":"message.created","contact":{"id":"con1","msisdn":31612345678,"displayName":"Eva"},"conversation":{"id":"conv1","contactId":"con1","status":"active"},"message":{"id":"mb-msg-1","conversationId":"conv1","platform":"whatsapp","to":"+31970000000","from":"+31612345678","channelId":"chan1","type":"text","content":{"text":"WORDS"},"direction":"received","status":"received","createdDatetime":"2026-01-01T10:00:00.000Z","updatedDatetime":"2026-01-01T10:00:00.000Z"}}"#
        }
        Provider::Bird => {
            r#"{"service":"channels","event":"whatsapp.inbound","payload":{"id":"b1","channelId":"chan1","sender":{"contact":{"id":"c1","identifierKey":"phonenumber","identifierValue":"+31612345678","annotations":{"name":"Eva"}}},"receiver":{"connector":{"id":"x"}},"body":{"type":"text","text":{"text":"WORDS"}},"status":"delivered","direction":"incoming","createdAt":"2026-01-01T10:00:00Z"}}"#
        }
        Provider::Viber => {
            r#"{"event":"message","timestamp":1767225600000,"message_token":4912661846655238145,"sender":{"id":"01234567890A=","name":"John","language":"en","country":"UK","api_version":10},"message":{"type":"text","text":"WORDS","tracking_data":"x"},"silent":false}"#
        }
        Provider::Sunshine => {
            r#"{"app":{"id":"5ebee0975ac5304b664a12fa"},"webhook":{"id":"5f4eaef81e3dcc117c7ba48a","version":"v2"},"events":[{"id":"5f74a0d52b5315fc007e0001","createdAt":"2026-01-01T10:00:02.000Z","type":"conversation:message","payload":{"conversation":{"id":"f52b01137aa6c250bc7251fa","type":"personal"},"message":{"id":"m1","received":"2026-01-01T10:00:01.000Z","author":{"type":"user","userId":"26508c10541a4b0ff472e5e2","displayName":"Ada"},"content":{"type":"text","text":"WORDS"},"source":{"type":"web","integrationId":"5ec6"}}}}]}"#
        }
    }
}
