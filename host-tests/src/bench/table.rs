//! What a benchmark found: printed as a table, and the same figures as JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// One figure or word.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A name.
    Text(String),
    /// A figure, and how many decimals are worth showing.
    Number(f64, usize),
    /// Not measured here.
    None,
}

impl Cell {
    /// A whole number.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts here stay far below 2^52"
    )]
    #[must_use]
    pub fn count(count: u64) -> Self {
        Self::Number(count as f64, 0)
    }

    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number, decimals) => format!("{number:.decimals$}"),
            Self::None => "-".to_owned(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            // As shown: the file holds the same figures as the table.
            Self::Number(..) => self.text().parse::<f64>().map_or(Value::Null, Value::from),
            Self::None => Value::Null,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// One table. Units stand in the columns' names.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// `serve`, `cycle`, …
    pub name: &'static str,
    /// What was measured, in one or two sentences.
    pub about: String,
    /// The first one names the row.
    pub columns: Vec<&'static str>,
    /// As many cells as columns each.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// For a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let cells: Vec<Vec<String>> = std::iter::once(self.head())
            .chain(
                self.rows
                    .iter()
                    .map(|row| row.iter().map(Cell::text).collect()),
            )
            .collect();
        let width = |column: usize| {
            let column = cells.iter().filter_map(|row| row.get(column));
            column.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut text = format!("{}: {}\n", self.name, self.about);
        for row in &cells {
            for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // Writing to a String does not fail.
                let _ = if index == 0 {
                    write!(text, "  {cell:<width$}")
                } else {
                    write!(text, "  {cell:>width$}")
                };
            }
            text.push('\n');
        }
        text
    }

    /// For a file: `{name, about, rows: [{column: figure}]}`.
    #[must_use]
    pub fn json(&self) -> Value {
        let row = |row: &Vec<Cell>| -> Value {
            let cells = self.columns.iter().zip(row);
            let object: Map<String, Value> = cells
                .map(|(name, cell)| ((*name).to_owned(), cell.json()))
                .collect();
            Value::Object(object)
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        json!({ "name": self.name, "about": self.about, "rows": rows })
    }

    fn head(&self) -> Vec<String> {
        self.columns.iter().map(|&name| name.to_owned()).collect()
    }
}

/// The middle one; of an even number, the lower of the two in the middle.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len().saturating_sub(1) / 2;
    figures.get(middle).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::{Cell, Table, median};

    #[test]
    fn table_and_file_hold_the_same_figures() {
        let table = Table {
            name: "size",
            about: "the guests".to_owned(),
            columns: vec!["guest", "MB"],
            rows: vec![
                vec!["spin".into(), Cell::Number(2.345_6, 2)],
                vec!["fastly".into(), Cell::None],
            ],
        };
        assert_eq!(
            table.text(),
            "size: the guests\n  guest     MB\n  spin    2.35\n  fastly     -\n"
        );
        assert_eq!(
            table.json().to_string(),
            r#"{"about":"the guests","name":"size","rows":[{"MB":2.35,"guest":"spin"},{"MB":null,"guest":"fastly"}]}"#
        );
    }

    #[test]
    fn median_is_one_of_the_figures() {
        assert_eq!(median(vec![3.0, 1.0, 2.0, 9.0]), 2.0);
    }
}
