//! What WhatsApp, Messenger and Instagram have in common: Meta's signature, its verification
//! request, the Graph API and its errors.
//!
//! Sources: developers.facebook.com/docs/graph-api/webhooks/getting-started,
//! /docs/graph-api/guides/error-handling.

use http::{HeaderMap, Method, StatusCode};

use crate::{
    Endpoint, Field, Refusal, SendResult, WebhookRequest,
    form::Form,
    inbound::{Batch, Reply},
    json::Json,
    outbound::{FailureClass, by_status, retry_after},
    signature::{any_equal, any_signed_sha256, from_hex},
};

pub(crate) const APP_SECRET: Field = Field::secret(
    "app_secret",
    true,
    "App Secret of the Meta app (App settings, Basic): it signs the webhooks",
);
pub(crate) const VERIFY_TOKEN: Field = Field::secret(
    "verify_token",
    true,
    "Any text; entered here and as Verify Token in the app's webhook settings",
);
pub(crate) const GRAPH_VERSION: Field =
    Field::setting("graph_version", false, "Version of the Graph API, such as v24.0 (the default)");

/// Version of the Graph API that requests use by default.
const VERSION: &str = "v24.0";

pub(crate) fn authenticate(endpoint: &Endpoint<'_>, request: &WebhookRequest<'_>) -> Result<(), Refusal> {
    if request.method == Method::GET {
        let query = Form::parse(request.raw_query.as_bytes());
        let token = query.get("hub.verify_token").unwrap_or_default();
        let valid = query.get("hub.mode").as_deref() == Some("subscribe")
            && any_equal(endpoint.secrets.live("verify_token"), token.as_bytes());
        return if valid {
            Ok(())
        } else {
            Err(Refusal { status: StatusCode::FORBIDDEN, reason: "verification request with a wrong token" })
        };
    }
    let signature = request
        .header("x-hub-signature-256")
        .ok_or(Refusal::unauthorized("signature header missing"))?
        .strip_prefix("sha256=")
        .and_then(from_hex)
        .ok_or(Refusal::unauthorized("signature is not sha256= and hexadecimal digits"))?;
    if any_signed_sha256(endpoint.secrets.live("app_secret"), &[request.body], &signature) {
        Ok(())
    } else {
        Err(Refusal::unauthorized("signature does not match"))
    }
}

/// Answers the verification request; `false` when it is none.
pub(crate) fn answer_verification(request: &WebhookRequest<'_>, batch: &mut Batch) -> bool {
    if request.method != Method::GET {
        return false;
    }
    let query = Form::parse(request.raw_query.as_bytes());
    batch.reply = Reply::ok("text/plain; charset=utf-8", query.get("hub.challenge").unwrap_or_default());
    true
}

/// The address of a Graph API call on `host`.
pub(crate) fn graph_url(endpoint: &Endpoint<'_>, host: &str, node: &str, edge: &str) -> String {
    let version = endpoint.setting("graph_version").unwrap_or(VERSION);
    format!("https://{host}/{}/{}/{edge}", crate::outbound::segment(version), crate::outbound::segment(node))
}

/// What a Graph API answer means; `sent` finds the message's id in a good one.
pub(crate) fn classify(
    status: u16,
    headers: &HeaderMap,
    body: &Json<'_>,
    sent: impl FnOnce(&Json<'_>) -> Option<String>,
) -> SendResult {
    let error = body.get("error");
    if (200..=299).contains(&status) && !error.is_object() {
        return crate::outbound::sent(sent(body));
    }
    let Some(code) = error.get("code").integer() else { return by_status(status, headers, None) };
    // Messenger says in a sub-code, of seven digits, what WhatsApp says in the code.
    let subcode = error.get("error_subcode").integer().filter(|subcode| *subcode >= 1_000_000);
    let subcode = subcode.map(|subcode| subcode.to_string());
    let code = code.to_string();
    if let Some((class, subcode)) = subcode.and_then(|subcode| Some((class(&subcode)?, subcode))) {
        return SendResult::Failed { class, code: Some(format!("{code}/{subcode}")) };
    }
    match (code.as_str(), class(&code)) {
        // Rate limits and announced outages: refused before anything was sent.
        (
            "2" | "4" | "32" | "613" | "1200" | "80006" | "80007" | "130429" | "131016" | "131048" | "131056"
            | "131057" | "133004",
            _,
        ) => SendResult::Retry { after: retry_after(headers) },
        (_, Some(class)) => SendResult::Failed { class, code: Some(code) },
        (_, None) => by_status(status, headers, Some(code)),
    }
}

/// The class of a code or sub-code (WhatsApp Cloud API error codes; Messenger Platform error codes).
pub(crate) fn class(code: &str) -> Option<FailureClass> {
    static CLASSES: &[(FailureClass, &[&str])] = &[
        (FailureClass::WindowClosed, &["131047", "2018278", "2018065", "2534022"]),
        (FailureClass::OptedOut, &["131050"]),
        (FailureClass::Blocked, &["368", "551", "1545041", "2018108", "130497", "131031", "131049"]),
        (FailureClass::BadCredentials, &["0", "3", "10", "190", "200", "131005", "133010"]),
        (FailureClass::Gone, &["131026", "2018001"]),
        (
            FailureClass::Rejected,
            &[
                "33", "100", "2018300", "130472", "131008", "131009", "131021", "131030", "131042", "131045",
                "131037", "131044", "131051", "131052", "131053", "131055", "132000", "132001", "132005",
                "132007", "132012", "132015", "132016", "132018", "132068", "132069",
            ],
        ),
    ];
    CLASSES.iter().find(|(_, codes)| codes.contains(&code)).map(|(class, _)| *class)
}
