//! The edition of a scenario: a number that changes when its trace may change.
//!
//! The head of a golden has the edition of its scenario. So a failure can say that the scenario
//! changed after the golden was accepted. The title, the reason, the table `expect`, and the way of
//! comparing the golden do not change the edition. The cards of `each-card` do not change it
//! either: each of them has its own golden.
//!
//! Assumed: the content of the files that a scenario names does not change the edition. Often a
//! check runs just because the driver's file has changed.

use toml::{Table, Value};

/// The keys of the golden that decide which events it has.
const EVENTS_OF_GOLDEN: [&str; 3] = ["filter", "from", "to"];

/// The edition of a scenario with this text: eight hexadecimal digits. Empty if the text is not
/// TOML.
pub(super) fn edition(text: &str) -> String {
    let Ok(mut file) = toml::from_str::<Table>(text) else { return String::new() };
    for key in ["version", "title", "why", "expect"] {
        file.remove(key);
    }
    if let Some(Value::Table(machine)) = file.get_mut("machine") {
        machine.remove("each-card");
    }
    if let Some(Value::Table(golden)) = file.get_mut("golden") {
        golden.retain(|key, _| EVENTS_OF_GOLDEN.contains(&key));
    }
    let mut sum = Sum(FIRST);
    sum.take_table(&file);
    format!("{:08X}", (sum.0 >> 32 ^ sum.0) as u32)
}

/// A checksum. Source: Fowler, Noll and Vo, FNV-1a with 64 bits.
struct Sum(u64);

const FIRST: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01B3;

impl Sum {
    /// Adds the kind of a value, its length and its bytes. Because of the length, the bytes of a
    /// value cannot be taken for the next value.
    fn take(&mut self, kind: u8, bytes: &[u8]) {
        let length = (bytes.len() as u64).to_le_bytes();
        for byte in [&[kind], &length[..], bytes].into_iter().flatten() {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }

    fn take_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.take(1, text.as_bytes()),
            Value::Integer(number) => self.take(2, &number.to_le_bytes()),
            Value::Float(number) => self.take(3, &number.to_bits().to_le_bytes()),
            Value::Boolean(answer) => self.take(4, &[u8::from(*answer)]),
            Value::Datetime(time) => self.take(5, time.to_string().as_bytes()),
            Value::Array(list) => {
                self.take(6, &(list.len() as u64).to_le_bytes());
                list.iter().for_each(|value| self.take_value(value));
            }
            Value::Table(table) => self.take_table(table),
        }
    }

    /// Adds a table, sorted by its keys. The order in the file does not count.
    fn take_table(&mut self, table: &Table) {
        let mut entries: Vec<(&String, &Value)> = table.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        self.take(7, &(entries.len() as u64).to_le_bytes());
        for (key, value) in entries {
            self.take(8, key.as_bytes());
            self.take_value(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::edition;

    const PLAY: &str = "version = 1\ntitle = \"a\"\n[machine]\nirq = 9\ncard = \"sb16\"\n\
                        [[step]]\nwait = \"1ms\"\n[golden]\nfrom = \"x\"\n";

    #[test]
    fn words_expectations_and_the_order_of_keys_make_no_new_edition() {
        let same = [
            PLAY.replace("title = \"a\"", "title = \"b\"\nwhy = \"c\""),
            PLAY.replace("irq = 9\ncard = \"sb16\"", "card = \"sb16\"\nirq = 0x9 # nine"),
            PLAY.replace("[golden]\n", "[expect]\nlost = 0\n[golden]\ncompare = \"order\"\n"),
            PLAY.replace("irq = 9", "irq = 9\neach-card = [\"sb16\"]"),
        ];
        assert_eq!(edition(PLAY).len(), 8);
        for text in same {
            assert_eq!(edition(&text), edition(PLAY), "{text}");
        }
    }

    #[test]
    fn what_happens_makes_a_new_edition() {
        let others = [
            PLAY.replace("irq = 9", "irq = 5"),
            PLAY.replace("1ms", "2ms"),
            PLAY.replace("[[step]]", "[[step]]\nmark = \"x\"\n[[step]]"),
            PLAY.replace("from", "to"),
            PLAY.replace("[golden]", "[driver]\nname = \"uart\"\n[golden]"),
        ];
        for text in others {
            assert_ne!(edition(&text), edition(PLAY), "{text}");
        }
        assert_eq!(edition("no toml"), "");
    }
}
