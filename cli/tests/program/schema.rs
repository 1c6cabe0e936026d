//! `schema`: the JSON Schema of the summary, and documents checked against it.

use serde_json::Value;

use crate::support::Folder;

/// A schema that the program publishes.
pub fn published(document: &str) -> Value {
    let ran = Folder::new().run(&["schema", document]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    serde_json::from_str(ran.text()).expect("the schema is JSON")
}

/// The places at which a document differs from the schema, one line for each place. A name that
/// the schema does not have is a fault too: the published schema describes every name.
pub fn faults(document: &Value, schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Check { root: schema }.check(document, schema, "", &mut found);
    found
}

/// A walk over a document and its schema. It knows the words of JSON Schema that the program's
/// schemas use.
struct Check<'a> {
    root: &'a Value,
}

impl Check<'_> {
    fn check(&self, value: &Value, schema: &Value, place: &str, found: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.strip_prefix("#/$defs/").expect("a definition of this schema");
            let definition = &self.root["$defs"][name];
            assert!(definition.is_object(), "there is no definition {name}");
            return self.check(value, definition, place, found);
        }
        if let Some(branches) = schema["anyOf"].as_array() {
            let tried = branches.iter().map(|branch| {
                let mut faults = Vec::new();
                self.check(value, branch, place, &mut faults);
                faults
            });
            // If no branch fits, the faults of the nearest branch say most.
            found.extend(tried.min_by_key(Vec::len).unwrap_or_default());
            return;
        }
        let kinds = match &schema["type"] {
            Value::Array(kinds) => kinds.clone(),
            kind => vec![kind.clone()],
        };
        if !kinds.iter().any(|kind| kind == kind_of(value)) {
            found.push(format!("{place}: {value} is not {}", schema["type"]));
            return;
        }
        if let Some(known) = schema["enum"].as_array()
            && !known.contains(value)
        {
            found.push(format!("{place}: {value} is none of {}", schema["enum"]));
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            if value.get(name.as_str().expect("a name")).is_none() {
                found.push(format!("{place}: {name} is missing"));
            }
        }
        for (name, value) in value.as_object().into_iter().flatten() {
            let place = format!("{place}/{name}");
            match schema["properties"].get(name) {
                Some(schema) => self.check(value, schema, &place, found),
                None => found.push(format!("{place}: the schema does not have it")),
            }
        }
        for value in value.as_array().into_iter().flatten() {
            self.check(value, &schema["items"], &format!("{place}[]"), found);
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[test]
fn a_document_that_is_not_as_the_schema_says_is_found() {
    let schema = published("summary");
    let mut document = serde_json::json!({
        "version": 2, "verb": "play", "outcome": "usage", "exit_code": 2, "reason": "why"
    });
    assert_eq!(faults(&document, &schema), [""; 0]);
    document["exit_code"] = "2".into();
    assert_eq!(faults(&document, &schema), ["/exit_code: \"2\" is not \"integer\""]);
    document["exit_code"] = 2.into();
    document["more"] = 1.into();
    assert_eq!(faults(&document, &schema), ["/more: the schema does not have it"]);
}
