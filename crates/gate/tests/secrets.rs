//! Placeholders inside, values outside, and nothing in between.

mod support;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper::{Request, Response};
use pinfold_gate::link::{LentSecret, Report, SecretEvent, Start};
use support::peers::{TestCa, client_1, http_server, read, says, tls};
use support::{Gate, meant_for, policy, start};

const PLACEHOLDER: &str = "pinfold-secret-0123456789abcdef";
const VALUE: &str = "ghp_RealValue/With+Odd=Characters";

/// A gate with one secret for `a.example`, in a place of requests, with a server that answers as told.
async fn scene(place: &str, answer: impl Fn(&str) -> Response<Bytes> + Clone + Send + Sync + 'static) -> Scene {
    let ca = TestCa::new();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let record = seen.clone();
    let port = http_server(Some(ca.server("a.example", &[])), move |request| {
        let headers =
            request.headers().iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().expect("text")));
        let headers: String = headers.collect();
        let body = String::from_utf8(request.body().to_vec()).expect("text");
        let text = format!("{} {}\n{headers}\n{body}", request.method(), request.uri());
        record.lock().expect("a lock").push(text.clone());
        answer(&text)
    })
    .await;
    let gate = Gate::start(with_secret(port, place, "a.example", &ca), meant_for(port)).await;
    Scene { gate, seen, _ca: ca }
}

struct Scene {
    gate: Gate,
    seen: std::sync::Arc<std::sync::Mutex<Vec<String>>>,
    _ca: TestCa,
}

fn with_secret(port: u16, place: &str, host: &str, ca: &TestCa) -> Start {
    let secret = format!("[secrets.token]\nfrom = {{ env = 'X' }}\nhosts = ['{host}:{port}']\nin = '{place}'");
    let rule = format!("{{ host = 'a.example:{port}', paths = ['/**'] }}");
    let text = format!("allow = [{rule}, '127.0.0.1:{port}']\n{secret}");
    let mut start = start(&text);
    start.secrets = policy(&text)
        .secrets
        .into_iter()
        .map(|secret| LentSecret { secret, placeholder: PLACEHOLDER.into(), value: VALUE.into() })
        .collect();
    start.roots = vec![ca.file.clone()];
    start
}

impl Scene {
    async fn client(&self) -> SendRequest<Full<Bytes>> {
        let stream = self.gate.connect("a.example").await;
        client_1(tls(stream, self.gate.ca.as_deref().expect("a certificate"), "a.example", &[]).await.expect("TLS"))
            .await
    }

    async fn ask(&self, target: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut request = Request::post(target).header("host", "a.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).expect("a request");
        read(self.client().await.send_request(request).await.expect("an answer")).await
    }

    fn seen(&self) -> String {
        self.seen.lock().expect("a lock").concat()
    }

    async fn event(&self) -> SecretEvent {
        self.gate.told(|report| if let Report::Secret { event, .. } = report { Some(event) } else { None }).await
    }
}

#[tokio::test]
async fn a_header_gets_the_value() {
    let scene = scene("header:authorization", |_| says("fine")).await;
    let (status, text) = scene.ask("/x", &[("authorization", &format!("Bearer {PLACEHOLDER}"))], "").await;
    assert_eq!((status, text.as_str()), (200, "fine"));
    assert!(scene.seen().contains(&format!("authorization: Bearer {VALUE}")), "{}", scene.seen());
    assert_eq!(scene.event().await, SecretEvent::Used);
}

#[tokio::test]
async fn a_query_gets_the_value_escaped() {
    let scene = scene("query:key", |_| says("fine")).await;
    assert_eq!(scene.ask(&format!("/x?a=1&key={PLACEHOLDER}&b=2"), &[], "").await.0, 200);
    let seen = scene.seen();
    assert!(seen.starts_with("POST /x?a=1&key=ghp_RealValue%2FWith%2BOdd%3DCharacters&b=2\n"), "{seen}");
}

#[tokio::test]
async fn basic_authentication_gets_the_value_as_password() {
    let scene = scene("basic", |_| says("fine")).await;
    let basic = |password: &str| format!("Basic {}", BASE64_STANDARD.encode(format!("user:{password}")));
    assert_eq!(scene.ask("/x", &[("authorization", &basic(PLACEHOLDER))], "").await.0, 200);
    assert!(scene.seen().contains(&basic(VALUE)), "{}", scene.seen());
}

#[tokio::test]
async fn a_body_gets_the_value() {
    let scene = scene("body", |_| says("fine")).await;
    let body = format!("{{\"token\":\"{PLACEHOLDER}\",\"again\":\"{PLACEHOLDER}\"}}");
    assert_eq!(scene.ask("/x", &[], &body).await.0, 200);
    assert!(scene.seen().ends_with(&body.replace(PLACEHOLDER, VALUE)), "{}", scene.seen());
}

#[tokio::test]
async fn a_placeholder_in_another_place_stops_the_request() {
    let scene = scene("header:authorization", |_| says("fine")).await;
    let encoded = BASE64_STANDARD.encode(format!("user:{PLACEHOLDER}"));
    let escaped = PLACEHOLDER.replace('p', "%70");
    for (place, target, headers, body) in [
        ("header:x-other", "/x", vec![("x-other", PLACEHOLDER)], ""),
        ("header:x-other", "/x", vec![("x-other", encoded.as_str())], ""),
        ("query", &*format!("/x?q={PLACEHOLDER}"), vec![], ""),
        ("query", &*format!("/x?q={escaped}"), vec![], ""),
        ("path", &*format!("/x/{PLACEHOLDER}"), vec![], ""),
        ("body", "/x", vec![], PLACEHOLDER),
        ("body", "/x", vec![], encoded.as_str()),
    ] {
        let (status, text) = scene.ask(target, &headers, body).await;
        assert_eq!(status, 403, "{place}: {text}");
        assert!(text.contains("the placeholder of the secret token"), "{text}");
        assert_eq!(scene.event().await, SecretEvent::Misplaced { place: place.into() });
    }
    assert!(!scene.seen().contains(VALUE));
}

#[tokio::test]
async fn a_placeholder_on_its_way_to_another_host_stops_the_request() {
    let port = http_server(None, |_| says("never")).await;
    let ca = TestCa::new();
    let gate = Gate::start(with_secret(port, "header:authorization", "b.example", &ca), meant_for(port)).await;
    let mut client = client_1(gate.connect("a.example").await).await;
    let request = Request::get("/x").header("host", "a.example").header("authorization", PLACEHOLDER);
    let answer = client.send_request(request.body(Full::default()).expect("a request")).await.expect("an answer");
    assert_eq!(read(answer).await.0, 403);
}

#[tokio::test]
async fn a_value_that_comes_back_is_stopped() {
    let scene = scene("header:authorization", |text| {
        let token = text.lines().find(|line| line.starts_with("authorization")).unwrap_or_default().to_owned();
        match text.split_whitespace().nth(1) {
            Some("/head") => Response::builder().header("x-echo", token).body(Bytes::new()).expect("an answer"),
            _ => says(format!("you said {token}")),
        }
    })
    .await;
    let headers = [("authorization", PLACEHOLDER)];
    let (status, text) = scene.ask("/head", &headers, "").await;
    assert_eq!(status, 403);
    assert!(text.contains("the value of the secret token stands in the header:x-echo of the answer"), "{text}");
    let returned = |place: &str| SecretEvent::Returned { place: place.into() };
    assert_eq!(scene.event().await, SecretEvent::Used);
    assert_eq!(scene.event().await, returned("header:x-echo"));

    let mut client = scene.client().await;
    let request = Request::get("/body").header("host", "a.example").header("authorization", PLACEHOLDER);
    let answer = client.send_request(request.body(Full::default()).expect("a request")).await;
    if let Ok(answer) = answer {
        let body = http_body_util::BodyExt::collect(answer.into_body()).await;
        assert!(body.is_err(), "cut off");
    }
    assert_eq!(scene.event().await, SecretEvent::Used);
    assert_eq!(scene.event().await, returned("body"));
}

#[tokio::test]
async fn a_value_that_comes_back_in_words_beside_the_status_is_stopped() {
    let scene = scene("query:key", |text| {
        let mut answer = Response::new(Bytes::new());
        let target = text.split_whitespace().nth(1).unwrap_or_default().to_owned();
        answer.extensions_mut().insert(hyper::ext::ReasonPhrase::try_from(format!("no {target}")).expect("a reason"));
        answer
    })
    .await;
    let (status, text) = scene.ask(&format!("/x?key={PLACEHOLDER}"), &[], "").await;
    assert_eq!(status, 403);
    assert!(text.contains("the value of the secret token stands in the status of the answer"), "{text}");
}

#[tokio::test]
async fn a_compressed_answer_to_a_secret_in_a_body_is_not_let_in() {
    let scene = scene("body", |_| {
        Response::builder().header("content-encoding", "gzip").body(Bytes::from_static(b"x")).expect("an answer")
    })
    .await;
    let (status, text) = scene.ask("/x", &[], PLACEHOLDER).await;
    assert_eq!(status, 403);
    assert!(text.contains("its answer is compressed"), "{text}");
}

#[tokio::test]
async fn a_compressed_answer_to_a_secret_is_not_asked_for_and_not_let_in() {
    let scene = scene("header:authorization", |text| {
        assert!(text.contains("accept-encoding: identity"), "{text}");
        Response::builder().header("content-encoding", "gzip").body(Bytes::from_static(b"x")).expect("an answer")
    })
    .await;
    let headers = [("authorization", PLACEHOLDER), ("accept-encoding", "gzip")];
    let (status, text) = scene.ask("/x", &headers, "").await;
    assert_eq!(status, 403);
    assert!(text.contains("its answer is compressed"), "{text}");
    assert_eq!(scene.ask("/x", &[], "").await.0, 200);
}
