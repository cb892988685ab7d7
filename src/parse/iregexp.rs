//! `match()` and `search()` of JSONPath (RFC 9535 §2.4.6 and §2.4.7). Their regular expressions are those of RFC 9485 and
//! what the crate `regex` takes beside them, scripts and ages of characters excepted.
//!
//! serde_json_path can bring these functions itself, on an engine with many faster ways through a text: that was a sixth of the guest.
//! Here one way is enough, linear in the text, as all of them are.

use std::cell::RefCell;

use regex_automata::nfa::thompson::pikevm::{Cache, PikeVM};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::syntax;
use serde_json::Value;
use serde_json_path::functions::{LogicalType, ValueType};

/// Memory of one compiled expression, in bytes. One that takes more (`(a{999}){999}`) matches nothing, as one that is none.
const COMPILED_BYTES_MAX: usize = 1024 * 1024;

/// A compiled expression, or that it can't be compiled.
struct Compiled {
    pattern: String,
    machine: Option<(PikeVM, Cache)>,
}

thread_local! {
    /// The expression used last: a query asks the same one of every item.
    static LAST: RefCell<Option<Compiled>> = const { RefCell::new(None) };
}

#[serde_json_path::function(name = "match")]
fn matches(value: ValueType<'_>, pattern: ValueType<'_>) -> LogicalType {
    found(&value, &pattern, |pattern| format!("^(?:{pattern})$"))
}

#[serde_json_path::function(name = "search")]
fn searches(value: ValueType<'_>, pattern: ValueType<'_>) -> LogicalType {
    found(&value, &pattern, str::to_owned)
}

/// False where one of the two is no text, or the pattern no expression: RFC 9535 asks for that.
fn found(
    value: &ValueType<'_>,
    pattern: &ValueType<'_>,
    whole: impl Fn(&str) -> String,
) -> LogicalType {
    let (Some(Value::String(text)), Some(Value::String(pattern))) =
        (value.as_value(), pattern.as_value())
    else {
        return LogicalType::False;
    };
    let pattern = whole(pattern);
    LAST.with_borrow_mut(|last| {
        let known = last.take().filter(|known| known.pattern == pattern);
        let compiled = last.insert(known.unwrap_or_else(|| Compiled::new(pattern)));
        let machine = compiled.machine.as_mut();
        machine.is_some_and(|(machine, cache)| machine.is_match(cache, text.as_str()))
    })
    .into()
}

impl Compiled {
    fn new(pattern: String) -> Self {
        let machine = PikeVM::builder()
            // A dot is any character but \n and \r: RFC 9485 §5.3.
            .syntax(syntax::Config::new().crlf(true))
            .thompson(
                thompson::Config::new()
                    .nfa_size_limit(Some(COMPILED_BYTES_MAX))
                    .which_captures(WhichCaptures::None),
            )
            .build(&pattern)
            .ok();
        Self {
            machine: machine.map(|machine| {
                let cache = machine.create_cache();
                (machine, cache)
            }),
            pattern,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json_path::JsonPath;

    fn selected(query: &str, document: &serde_json::Value) -> Vec<String> {
        let nodes = JsonPath::parse(query).unwrap().query(document).all();
        let texts = nodes.iter().map(|node| node.as_str().unwrap_or("?"));
        texts.map(str::to_owned).collect()
    }

    #[test]
    fn match_is_whole_and_search_is_anywhere() {
        let document = json!(["ab", "xaby", "a|b", "AB", 1, null]);
        assert_eq!(selected("$[?match(@, 'a.')]", &document), ["ab"]);
        assert_eq!(selected("$[?match(@, 'ab|zz')]", &document), ["ab"]);
        assert_eq!(
            selected("$[?search(@, 'a.')]", &document),
            ["ab", "xaby", "a|b"]
        );
        assert_eq!(selected("$[?!search(@, 'a')]", &document), ["AB", "?", "?"]);
        assert_eq!(
            selected("$[?search(@, '(?i)ab')]", &document),
            ["ab", "xaby", "AB"]
        );
    }

    #[test]
    fn classes_know_unicode_and_dots_know_lines() {
        let document = json!(["Ä1", "ä1", "a\r", "a\n", "a\u{2028}", "日本"]);
        assert_eq!(selected(r"$[?match(@, '\\p{Lu}[0-9]')]", &document), ["Ä1"]);
        assert_eq!(selected(r"$[?match(@, '\\P{Lu}\\d')]", &document), ["ä1"]);
        assert_eq!(selected("$[?match(@, 'a.')]", &document), ["a\u{2028}"]);
        assert_eq!(selected("$[?match(@, '.{2}')]", &document).len(), 4);
    }

    #[test]
    fn what_is_no_expression_matches_nothing() {
        let document = json!(["a", "("]);
        for pattern in ["(", "a{2,1}", "(a{999}){999}", r"\\p{Nonsense}"] {
            for function in ["match", "search"] {
                let query = format!("$[?{function}(@, '{pattern}')]");
                assert!(selected(&query, &document).is_empty(), "{query}");
            }
        }
        // The pattern may be of the document too.
        let document = json!([{ "text": "abc", "pattern": "b" }, { "text": "abc", "pattern": 1 }]);
        let query = JsonPath::parse("$[?search(@.text, @.pattern)]").unwrap();
        assert_eq!(query.query(&document).len(), 1);
    }
}
