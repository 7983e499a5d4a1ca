//! Sets of fields: what a kind must have, what it may have, and what a record has.

use super::{FIELDS, Field};

/// How many words a set has.
const WORDS: usize = 3;
const BITS: usize = u64::BITS as usize;

const _: () = assert!(FIELDS.len() <= WORDS * BITS, "every field has its bit");

/// A set of fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FieldSet([u64; WORDS]);

/// The set of these fields.
pub const fn set(fields: &[Field]) -> FieldSet {
    let mut set = FieldSet([0; WORDS]);
    let mut index = 0;
    while index < fields.len() {
        set.add(fields[index]);
        index += 1;
    }
    set
}

impl FieldSet {
    /// Puts a field in.
    pub const fn add(&mut self, field: Field) {
        self.0[field as usize / BITS] |= 1 << (field as usize % BITS);
    }

    /// Whether a field is in it.
    pub const fn has(self, field: Field) -> bool {
        self.0[field as usize / BITS] & (1 << (field as usize % BITS)) != 0
    }

    /// Whether a field of another is in it.
    pub const fn has_any(self, other: Self) -> bool {
        let mut word = 0;
        while word < WORDS {
            if self.0[word] & other.0[word] != 0 {
                return true;
            }
            word += 1;
        }
        false
    }

    /// All fields of both.
    #[must_use]
    pub const fn or(mut self, other: Self) -> Self {
        let mut word = 0;
        while word < WORDS {
            self.0[word] |= other.0[word];
            word += 1;
        }
        self
    }

    /// With these fields too.
    #[must_use]
    pub const fn and(self, fields: &[Field]) -> Self {
        self.or(set(fields))
    }

    /// The fields that another does not have.
    #[must_use]
    pub const fn without(mut self, other: Self) -> Self {
        let mut word = 0;
        while word < WORDS {
            self.0[word] &= !other.0[word];
            word += 1;
        }
        self
    }

    /// Its first field, in the order of the table.
    pub fn first(self) -> Option<Field> {
        let (word, bits) = (0..).zip(self.0).find(|(_, bits)| *bits != 0)?;
        FIELDS.get(word * BITS + bits.trailing_zeros() as usize).map(|row| row.field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in_and_nothing_else() {
        let last = FIELDS[FIELDS.len() - 1].field;
        let some = set(&[Field::Mac]).and(&[last]);
        for row in FIELDS {
            assert_eq!(some.has(row.field), [Field::Mac, last].contains(&row.field), "{}", row.key);
            assert_eq!(set(&[row.field]).first(), Some(row.field));
        }
        assert_eq!(some.first(), Some(Field::Mac));
        assert_eq!(some.without(set(&[Field::Mac])).first(), Some(last));
        assert_eq!(some.without(some).first(), None);
        assert!(some.has_any(set(&[last])) && !some.has_any(set(&[Field::Kind])));
    }
}
