//! What a name must look like to fit one component of a pattern. Never wrong with "no".

use std::borrow::Cow;

/// A name, or how a name must begin and end; in lower case where case is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    Name(Box<[u8]>),
    Affixes(Box<[u8]>, Box<[u8]>),
}

const SPECIAL: &[char] = &['*', '?', '[', ']', '\\'];

impl Shape {
    /// Of a name that is no pattern.
    pub(crate) fn of_name(name: &str, fold: bool) -> Self {
        Self::foldable(name, fold).map_or_else(Self::any, Self::Name)
    }

    /// Of a component without braces and classes.
    pub(crate) fn of_component(component: &str, fold: bool) -> Self {
        match (component.find(SPECIAL), component.rfind(SPECIAL)) {
            (Some(first), Some(last)) => Self::affixes(&component[..first], &component[last + 1..], fold),
            _ => Self::of_name(component, fold),
        }
    }

    /// Of the last component of a pattern without braces.
    pub(crate) fn of_last(glob: &str, fold: bool) -> Self {
        let component = glob.rsplit('/').next().unwrap_or_default();
        match component.rfind(SPECIAL) {
            // A class may match or contain a separator, so with one in the pattern only the end is sure.
            Some(last) if glob.contains('[') => Self::affixes("", &component[last + 1..], fold),
            _ => Self::of_component(component, fold),
        }
    }

    /// Of every name.
    pub(crate) fn any() -> Self {
        Self::Affixes(Box::default(), Box::default())
    }

    fn affixes(prefix: &str, suffix: &str, fold: bool) -> Self {
        match (Self::foldable(prefix, fold), Self::foldable(suffix, fold)) {
            (Some(prefix), Some(suffix)) => Self::Affixes(prefix, suffix),
            _ => Self::any(),
        }
    }

    /// Nothing for text that folds in ways beyond ASCII.
    fn foldable(text: &str, fold: bool) -> Option<Box<[u8]>> {
        let text = text.as_bytes();
        (!fold || text.is_ascii()).then(|| folded(text, fold).into())
    }

    /// Does a [`folded`] name fit?
    #[inline]
    pub(crate) fn fits(&self, name: &[u8]) -> bool {
        match self {
            Self::Name(own) => **own == *name,
            Self::Affixes(prefix, suffix) => {
                name.len() >= prefix.len().max(suffix.len()) && name.ends_with(suffix) && name.starts_with(prefix)
            }
        }
    }
}

/// Can the bytes of the name be compared with those of a shape? What is not Unicode is judged by its lossy text, and
/// beyond ASCII there is more to case than a byte.
#[inline]
pub(crate) fn is_comparable(name: &[u8], fold: bool) -> bool {
    name.is_ascii() || (!fold && std::str::from_utf8(name).is_ok())
}

/// The name as shapes write it.
#[inline]
pub(crate) fn folded(name: &[u8], fold: bool) -> Cow<'_, [u8]> {
    if fold { name.to_ascii_lowercase().into() } else { name.into() }
}
