//! Any JSON document, mapped by RFC 9535 JSONPath as the source's configuration says.

use serde_json::Value;
use serde_json_path::JsonPath;
use url::Url;

use super::collect::{Collector, Draft};
use super::{ParseError, Parsed, date, link, scalar, text};
use crate::config::JsonMapping;
use crate::item::{Engagement, SUMMARY_CHARS_MAX, TITLE_CHARS_MAX};
use crate::time::Timestamp;

/// Reads `document` as `mapping` says.
///
/// # Errors
/// `mapping` where a path is no JSONPath, where the items' path selects nothing, or where no item has a title.
pub(super) fn read(
    document: &Value,
    mapping: &JsonMapping,
    document_url: &Url,
    mut collector: Collector,
) -> Result<Parsed, ParseError> {
    let items = items(document, &mapping.items)?;
    let mut fields = Fields::compile(mapping)?;
    for item in &items {
        let draft = fields.draft(item, document_url, &mut collector);
        collector.push(draft);
    }
    if !items.is_empty() {
        if let Some(title) = fields.all().find(|f| f.name == "title" && f.hits == 0) {
            return Err(mapping_error(format!(
                "`title` ({}) selects nothing in any of the {} items; an item begins with {}",
                title.source,
                items.len(),
                beginning(items[0])
            )));
        }
        for field in fields.all().filter(|f| f.hits == 0) {
            collector.notes.add(format!(
                "`{}` ({}) selects nothing in any of the {} items",
                field.name,
                field.source,
                items.len()
            ));
        }
    }
    let (entries, notes) = collector.finish_all();
    Ok(Parsed {
        title: None,
        link: None,
        entries,
        withdrawn: Vec::new(),
        notes,
    })
}

/// The selected nodes; a selected array stands for its elements.
fn items<'d>(document: &'d Value, source: &str) -> Result<Vec<&'d Value>, ParseError> {
    let nodes = compile("items", source)?.query(document).all();
    if nodes.is_empty() {
        // `$.list[*]` of an empty list, and `$.list[?…]` where no element passes, is an empty feed and not a mistake.
        let list = source
            .strip_suffix("[*]")
            .or_else(|| source.strip_suffix(".*"))
            .or_else(|| filtered(source));
        if let Some(list) = list
            && !compile("items", list)?.query(document).is_empty()
        {
            return Ok(Vec::new());
        }
        return Err(mapping_error(format!(
            "`items` ({source}) selects nothing; the document begins with {}",
            beginning(document)
        )));
    }
    Ok(nodes
        .into_iter()
        .flat_map(|node| match node {
            Value::Array(elements) => elements.iter().collect(),
            other => vec![other],
        })
        .collect())
}

/// What a query that ends with a filter picks from: `$.list` of `$.list[?@.size > 1]`.
fn filtered(source: &str) -> Option<&str> {
    let list = &source[..source.find("[?")?];
    source.ends_with(']').then_some(list)
}

/// One mapped field and how often it selected something.
struct Field<'m> {
    name: &'static str,
    source: &'m str,
    path: JsonPath,
    hits: usize,
}

impl Field<'_> {
    /// The strings, numbers and truth values selected in `item`.
    fn texts(&mut self, item: &Value) -> Vec<String> {
        let nodes = self.path.query(item).all();
        // A `null` is there: it says that there is no value.
        self.hits += usize::from(!nodes.is_empty());
        let flat = nodes.into_iter().flat_map(|node| match node {
            Value::Array(elements) => elements.iter().collect(),
            other => vec![other],
        });
        flat.filter_map(scalar)
            .filter(|t| !t.trim().is_empty())
            .collect()
    }
}

struct Fields<'m> {
    title: Field<'m>,
    url: Option<Field<'m>>,
    id: Option<Field<'m>>,
    published: Option<Field<'m>>,
    updated: Option<Field<'m>>,
    author: Option<Field<'m>>,
    summary: Option<Field<'m>>,
    image: Option<Field<'m>>,
    tags: Option<Field<'m>>,
    points: Option<Field<'m>>,
    comments: Option<Field<'m>>,
}

/// Largest count either way: 2^53, up to which every JSON reader has whole numbers.
const COUNT_MAX: i64 = 1 << 53;

impl<'m> Fields<'m> {
    fn compile(mapping: &'m JsonMapping) -> Result<Self, ParseError> {
        let field = |name, source: &'m str| {
            Ok(Field {
                name,
                source,
                path: compile(name, source)?,
                hits: 0,
            })
        };
        let optional = |name, source: &'m Option<String>| {
            source.as_deref().map(|s| field(name, s)).transpose()
        };
        Ok(Self {
            title: field("title", &mapping.title)?,
            url: optional("url", &mapping.url)?,
            id: optional("id", &mapping.id)?,
            published: optional("published", &mapping.published)?,
            updated: optional("updated", &mapping.updated)?,
            author: optional("author", &mapping.author)?,
            summary: optional("summary", &mapping.summary)?,
            image: optional("image", &mapping.image)?,
            tags: optional("tags", &mapping.tags)?,
            points: optional("points", &mapping.points)?,
            comments: optional("comments", &mapping.comments)?,
        })
    }

    fn all(&self) -> impl Iterator<Item = &Field<'m>> {
        let optional = [
            &self.url,
            &self.id,
            &self.published,
            &self.updated,
            &self.author,
            &self.summary,
            &self.image,
            &self.tags,
            &self.points,
            &self.comments,
        ];
        std::iter::once(&self.title).chain(optional.into_iter().flatten())
    }

    fn draft(&mut self, item: &Value, base: &Url, collector: &mut Collector) -> Draft {
        let first =
            |field: Option<&mut Field<'m>>| field.and_then(|f| f.texts(item).into_iter().next());
        let mut address = |field: Option<&mut Field<'m>>| {
            let stated = first(field)?;
            let url = link::absolute(&stated, base);
            if url.is_none() {
                collector
                    .notes
                    .count("addresses left out as neither http nor https", &stated);
            }
            url
        };
        let url = address(self.url.as_mut());
        let image = address(self.image.as_mut());
        let mut number = |field: Option<&mut Field<'m>>| -> Option<i64> {
            let stated = first(field)?;
            let number = count(&stated);
            if number.is_none() {
                collector.notes.count("numbers that can't be read", &stated);
            }
            number
        };
        let engagement = Engagement {
            points: number(self.points.as_mut()),
            comments: number(self.comments.as_mut()),
        };
        let mut when = |field: Option<&mut Field<'m>>| -> Option<Timestamp> {
            let stated = first(field)?;
            let at = date::parse(&stated);
            if at.is_none() {
                collector.notes.count("dates that can't be read", &stated);
            }
            at
        };
        Draft {
            engagement,
            published: when(self.published.as_mut()),
            updated: when(self.updated.as_mut()),
            guid: first(self.id.as_mut()),
            title: text::from_html(
                &first(Some(&mut self.title)).unwrap_or_default(),
                TITLE_CHARS_MAX,
            ),
            url,
            author: first(self.author.as_mut()),
            summary: text::from_html(
                &first(self.summary.as_mut()).unwrap_or_default(),
                SUMMARY_CHARS_MAX,
            ),
            image,
            tags: self
                .tags
                .as_mut()
                .map(|f| f.texts(item))
                .unwrap_or_default(),
        }
    }
}

/// A whole number, or what is before the point of another one; also as text.
fn count(stated: &str) -> Option<i64> {
    let stated = stated.trim();
    let whole = stated.parse::<i64>().ok();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is too large is left out below"
    )]
    let number = whole.or_else(|| {
        let number = stated.parse::<f64>().ok()?;
        number.is_finite().then_some(number as i64)
    })?;
    (-COUNT_MAX..=COUNT_MAX).contains(&number).then_some(number)
}

fn compile(name: &str, source: &str) -> Result<JsonPath, ParseError> {
    JsonPath::parse(source)
        .map_err(|error| mapping_error(format!("`{name}` ({source}) is no JSONPath: {error}")))
}

fn mapping_error(message: String) -> ParseError {
    ParseError::new("mapping", &message)
}

/// What a value is, to find the right path: `an object with the keys a, b, c`.
fn beginning(value: &Value) -> String {
    match value {
        Value::Object(members) if members.is_empty() => "an empty object".to_owned(),
        Value::Object(members) => {
            let keys: Vec<_> = members.keys().take(8).map(String::as_str).collect();
            format!(
                "an object with the keys {}",
                text::from_plain(&keys.join(", "), 100)
            )
        }
        Value::Array(elements) => format!("an array of {}", elements.len()),
        other => text::from_plain(&other.to_string(), 40),
    }
}
