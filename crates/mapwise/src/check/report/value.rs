//! JSON, written only.
//!
//! A crate for it would be a dependency of every user's program, and its traits change what the compiler infers there:
//! `u64: PartialEq<serde_json::Value>` alone makes `assert_eq!(sum_of_u64, (0..9).sum())` ambiguous.

use std::fmt;

/// A value; objects keep the order of their fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    True,
    Number(u64),
    Text(String),
    List(Vec<Value>),
    Object(Vec<(&'static str, Value)>),
}

/// An object with these fields.
pub(crate) fn object<const N: usize>(fields: [(&'static str, Value); N]) -> Value {
    Value::Object(fields.into())
}

/// A list of these.
pub(crate) fn list(items: impl IntoIterator<Item = impl Into<Value>>) -> Value {
    Value::List(items.into_iter().map(Into::into).collect())
}

/// An object that has a text and nothing else, which is how SARIF says most things.
pub(crate) fn message(text: impl Into<String>) -> Value {
    object([("text", Value::Text(text.into()))])
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl fmt::Display for Value {
    /// Prints with two spaces a level.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f, 0)
    }
}

impl Value {
    fn print(&self, f: &mut fmt::Formatter<'_>, level: usize) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::True => f.write_str("true"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => quote(f, text),
            Self::List(items) => Self::lines(f, level, ['[', ']'], items.iter(), |f, item| item.print(f, level + 1)),
            Self::Object(fields) => Self::lines(f, level, ['{', '}'], fields.iter(), |f, (name, value)| {
                quote(f, name)?;
                f.write_str(": ")?;
                value.print(f, level + 1)
            }),
        }
    }

    fn lines<T>(
        f: &mut fmt::Formatter<'_>,
        level: usize,
        [open, close]: [char; 2],
        items: impl ExactSizeIterator<Item = T>,
        print: impl Fn(&mut fmt::Formatter<'_>, T) -> fmt::Result,
    ) -> fmt::Result {
        let empty = items.len() == 0;
        write!(f, "{open}")?;
        for (place, item) in items.enumerate() {
            write!(f, "{}\n{:2$}", if place == 0 { "" } else { "," }, "", (level + 1) * 2)?;
            print(f, item)?;
        }
        if !empty {
            write!(f, "\n{:1$}", "", level * 2)?;
        }
        write!(f, "{close}")
    }
}

fn quote(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for char in text.chars() {
        match char {
            '"' | '\\' => write!(f, "\\{char}")?,
            // RFC 8259, section 7: these must be escaped.
            '\u{0}'..='\u{1f}' => write!(f, "\\u{:04x}", u32::from(char))?,
            _ => write!(f, "{char}")?,
        }
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(value: &Value) -> serde_json::Value {
        match value {
            Value::Null => serde_json::Value::Null,
            Value::True => true.into(),
            Value::Number(number) => (*number).into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(parsed).collect(),
            Value::Object(fields) => fields.iter().map(|(name, value)| ((*name).to_owned(), parsed(value))).collect(),
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["\\PC{0,8}", "[\\x00-\\x1f\"\\\\/\u{7f}\u{2028}]{0,8}"].prop_map(Value::Text);
        let leaf = prop_oneof![Just(Value::Null), Just(Value::True), any::<u64>().prop_map(Value::Number), text];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let fields = prop::sample::subsequence(vec!["a", "b\"c", "\n", "d\\"], 0..4);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                (fields, prop::collection::vec(inner, 4))
                    .prop_map(|(names, values)| Value::Object(names.into_iter().zip(values).collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in values()) {
            let read: serde_json::Value = serde_json::from_str(&value.to_string()).expect("it is JSON");
            prop_assert_eq!(read, parsed(&value));
        }
    }
}
