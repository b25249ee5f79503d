//! Files that clients sent, on the page of their conversation.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use handover_cloud::RecordedRequest;
use handover_core::EventId;
use http::{Response, StatusCode};
use serde_json::json;

use super::*;

#[tokio::test]
async fn files_are_fetched_when_somebody_looks_at_them() {
    let world = World::new(1).await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    world.local.cloud().recorder().set_responder(
        "files.example",
        Arc::new(move |request: &RecordedRequest| {
            noted.lock().unwrap().push(request.url.clone());
            let (status, kind, body) = match request.url.rsplit('/').next() {
                Some("1.gif") => (200_u16, "image/gif", "GIF89a"),
                Some("2") => (200, "application/octet-stream", "OggS"),
                Some("3.html") => (200, "text/html", "<script>alert(1)</script>"),
                _ => (404, "text/plain", "gone"),
            };
            Response::builder()
                .status(status)
                .header("content-type", kind)
                .body(Bytes::from_static(body.as_bytes()))
                .unwrap()
        }),
    );
    let generic = &world.sample.clinic.generic;
    let files = |kind: &str, names: &[&str]| {
        let files =
            names.iter().map(|name| json!({"kind": kind, "url": format!("https://files.example/{name}")}));
        let files: Vec<_> = files.collect();
        json!({"type": "message", "id": kind, "from": "guest", "media": files})
    };
    for event in [files("image", &["1.gif", "4.gif"]), files("audio", &["2"]), files("document", &["3.html"])]
    {
        let id = event["id"].as_str().unwrap().to_owned();
        assert_eq!(world.webhook(world.generic_call(&id, &event)).await, StatusCode::OK);
        world.settle().await;
    }
    let id = world.conversation(generic, "guest");
    let path = format!("/console/conversations/{id}");
    let billie = Browser::billie(&world).await;
    let page = billie.get(&path).await;
    assert!(asked.lock().unwrap().is_empty(), "nothing is fetched for the page itself");
    assert!(!page.has("files.example"), "{}", page.html);
    let view = world.look(world.account(), &id).await.unwrap();
    let line = |kind: &str| -> EventId {
        let is_it = |content: &handover_core::Content| content.kind() == kind;
        view.messages.iter().find(|line| line.content.as_ref().is_some_and(is_it)).unwrap().id.clone()
    };
    let of = |kind: &str, place: usize| format!("{path}/media/{}?file={place}", line(kind));
    assert!(page.has(&format!("<img class=\"file\" src=\"{}\"", of("image", 0))), "{}", page.html);
    assert!(page.has("<audio class=\"file\" controls") && page.has(&of("audio", 0)), "{}", page.html);

    for (kind, body, content_type, disposition) in [
        ("image", "GIF89a", "image/gif", "inline"),
        ("audio", "OggS", "audio/ogg", "inline"),
        ("document", "<script>alert(1)</script>", "application/octet-stream", "attachment"),
    ] {
        let file = billie.get(&of(kind, 0)).await;
        assert_eq!((file.status, file.html.as_str()), (StatusCode::OK, body));
        assert_eq!(file.headers["content-type"], content_type);
        assert_eq!(file.headers["content-disposition"], disposition);
        assert_eq!(file.headers["content-security-policy"], "default-src 'none'; sandbox");
    }
    let gone = billie.get(&of("image", 1)).await;
    assert_eq!(gone.status, StatusCode::BAD_GATEWAY);
    assert!(gone.has("does not have it any more"), "{}", gone.html);
    for nothing in
        [of("image", 2), format!("{path}/media/nothing"), of("image", 0).replace(id.as_str(), "nobody")]
    {
        assert_eq!(billie.get(&nothing).await.status, StatusCode::NOT_FOUND, "{nothing}");
    }
    // Only who has signed in to this very account.
    let stranger = Browser::new(&world).get(&of("image", 0)).await;
    assert!(stranger.to.unwrap().starts_with("/console/sign-in"));
}
