//! When an answer is given again, and when not.

use super::*;
use crate::kv::{Capabilities, KeyPage, Kv, KvError, MemoryKv, Precondition, Version};

fn asked(target: &str, fields: &[(&'static str, &'static str)]) -> Request<()> {
    let mut request = Request::get(target).body(()).unwrap();
    for (name, value) in fields {
        request
            .headers_mut()
            .append(*name, HeaderValue::from_static(value));
    }
    request
}

fn answered(said: &str) -> (Option<Lasts>, Response<Bytes>) {
    let mut response = Response::new(Bytes::from_static(b"page"));
    response.headers_mut().insert(LASTS, said.parse().unwrap());
    response
        .headers_mut()
        .insert("x-request-id", HeaderValue::from_static("one"));
    let lasts = Lasts::take(response.headers_mut(), Instant::now());
    (lasts, response)
}

/// A store that never answers.
struct Silent;

impl Kv for Silent {
    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }
    async fn get(&self, _: &str) -> Result<Option<Entry>, KvError> {
        std::future::pending().await
    }
    async fn put(
        &self,
        _: &str,
        _: Bytes,
        _: Precondition,
        _: Option<Duration>,
    ) -> Result<Version, KvError> {
        std::future::pending().await
    }
    async fn delete(&self, _: &str) -> Result<(), KvError> {
        std::future::pending().await
    }
    async fn list(&self, _: &str, _: Option<&str>) -> Result<KeyPage, KvError> {
        std::future::pending().await
    }
}

async fn again(answers: &Answers, question: &Question, kv: &MemoryKv) -> Option<Response<Bytes>> {
    let timeout = Duration::from_secs(30);
    answers.again(question, kv, timeout).await.unwrap()
}

#[tokio::test]
async fn a_store_that_is_silent_is_waited_for_so_long_and_no_longer() {
    let answers = Answers::new(1 << 20);
    let (lasts, response) = answered("60000 head 1");
    let question = || answers.question(&asked("/", &[])).unwrap();
    let ask = async || {
        let timeout = Duration::from_millis(1);
        answers.again(&question(), &Silent, timeout).await
    };
    // It is not asked about what is not kept.
    assert!(ask().await.unwrap().is_none());
    answers.keep(question(), lasts.unwrap(), &response);
    assert!(ask().await.is_err());
}

#[tokio::test]
async fn it_is_given_while_the_head_is_the_same() {
    let kv = MemoryKv::new();
    let answers = Answers::new(1 << 20);
    let put = async |value: &'static str| {
        let put = Kv::put(&kv, "head", value.into(), Precondition::None, None);
        put.await.unwrap().0
    };
    let version = put("one").await;
    let (lasts, response) = answered(&format!("60000 head {version}"));
    assert!(!response.headers().contains_key(LASTS));
    let question = |target, fields: &[_]| answers.question(&asked(target, fields));
    let usual = || question("/", &[("accept-encoding", "gzip")]).unwrap();
    assert!(again(&answers, &usual(), &kv).await.is_none());
    answers.keep(usual(), lasts.unwrap(), &response);

    let given = again(&answers, &usual(), &kv).await.unwrap();
    assert_eq!(given.body(), "page");
    assert!(given.headers().is_empty(), "the request id is another's");
    let cookie = [("accept-encoding", "gzip"), ("cookie", "a=b")];
    let cookie = question("/", &cookie).unwrap();
    assert!(again(&answers, &cookie, &kv).await.is_some());
    for other in [
        question("/", &[]),
        question("/?x", &[("accept-encoding", "gzip")]),
        question("/", &[("accept-encoding", "gzip"), ("if-match", "*")]),
        question("/", &[("accept-encoding", "gzip"), ("host", "other")]),
    ] {
        assert!(again(&answers, &other.unwrap(), &kv).await.is_none());
    }
    put("two").await;
    assert!(again(&answers, &usual(), &kv).await.is_none());
}

#[test]
fn only_reads_that_say_each_field_once_have_a_question() {
    let twice = [("accept-encoding", "gzip"), ("accept-encoding", "br")];
    assert_eq!(Question::of(&asked("/", &twice)), None);
    let mut post = asked("/", &[]);
    *post.method_mut() = Method::POST;
    assert_eq!(Question::of(&post), None);
    assert!(Answers::new(0).question(&asked("/", &[])).is_none());
}

#[test]
fn what_means_nothing_is_taken_out_all_the_same() {
    for said in [
        "",
        "soon",
        "5",
        "5 key",
        "-5 key 1",
        "99999999999999999999 key 1",
    ] {
        let (lasts, response) = answered(said);
        assert!(lasts.is_none(), "{said}");
        assert!(!response.headers().contains_key(LASTS), "{said}");
    }
}

#[test]
fn what_is_over_goes_first_and_more_than_there_is_room_for_is_not_kept() {
    let answers = Answers::new(4 * (ANSWER_BYTES_BESIDE + 4));
    let keep = |target: &str, ms: u64| {
        let (lasts, response) = answered(&format!("{ms} head 1"));
        let question = answers.question(&asked(target, &[])).unwrap();
        answers.keep(question, lasts.unwrap(), &response);
    };
    let kept = || answers.lock().answers.len();
    // The first is swept at once.
    for target in ["/0", "/1", "/2", "/3"] {
        keep(target, 0);
    }
    keep("/4", 60_000);
    keep("/4", 60_000);
    keep("/5", 60_000);
    assert_eq!(kept(), 2, "those that are over are gone");
    keep("/6", 0);
    answers.lock().swept = None;
    keep("/7", 60_000);
    assert_eq!(kept(), 3, "also where there is room, from time to time");
    for target in ["/8", "/9"] {
        keep(target, 60_000);
    }
    assert_eq!(kept(), 0);
    assert_eq!(answers.lock().bytes, 0);
}
