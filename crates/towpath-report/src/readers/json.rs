//! What the readers of JSON and XML share: decoding, and the error for output of the wrong form.

use serde::de::DeserializeOwned;

use crate::text;

/// Output that is not of the form that the tool was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It should have been JSON of a known shape.
    #[error("the output of `{tool}` is not the JSON that it was asked for{start}")]
    Json {
        /// The tool.
        tool: &'static str,
        /// How the output starts, worded to follow the message; empty for no output.
        start: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// It should have been XML.
    #[error("the output of `{tool}` is not the XML that it was asked for{start}")]
    Xml {
        /// The tool.
        tool: &'static str,
        /// How the output starts, worded to follow the message; empty for no output.
        start: String,
        /// What is wrong with it.
        #[source]
        source: quick_xml::Error,
    },
}

impl ReadError {
    pub(crate) fn json(tool: &'static str, output: &str, source: serde_json::Error) -> Self {
        Self::Json {
            tool,
            start: start_of(output),
            source,
        }
    }

    pub(crate) fn xml(tool: &'static str, output: &str, source: quick_xml::Error) -> Self {
        Self::Xml {
            tool,
            start: start_of(output),
            source,
        }
    }

    /// Returns what a user can do about it.
    pub fn hints(&self) -> Vec<String> {
        let (Self::Json { tool, .. } | Self::Xml { tool, .. }) = self;
        vec![format!(
            "the job's log shows what `{tool}` printed; its version may be too old for this format"
        )]
    }
}

fn start_of(output: &str) -> String {
    match text::first_line(output) {
        line if line.is_empty() => ", it is empty".to_owned(),
        line => format!(", it starts with `{}`", text::cut(&line, 120)),
    }
}

/// Returns the JSON value in a tool's output. What it printed before the value, as plugins and
/// deprecation warnings do, is passed over.
pub(crate) fn parse<T: DeserializeOwned>(
    tool: &'static str,
    output: &[u8],
) -> Result<T, ReadError> {
    let output = String::from_utf8_lossy(output);
    let whole = output.trim_start_matches('\u{feff}').trim();
    let error = match serde_json::from_str(whole) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let mut offset = 0;
    for line in whole.split_inclusive('\n') {
        if line.starts_with(['[', '{']) && offset > 0 {
            let mut values = serde_json::Deserializer::from_str(&whole[offset..]).into_iter();
            if let Some(Ok(value)) = values.next() {
                return Ok(value);
            }
        }
        offset += line.len();
    }
    Err(ReadError::json(tool, whole, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_over_what_stands_before_the_value() {
        let output = b"warning: old option\n[note] x\n{\"a\": 1}\n";
        let value: std::collections::BTreeMap<String, u32> = parse("tool", output).expect("found");
        assert_eq!(value["a"], 1);
    }

    #[test]
    fn says_how_the_output_starts() {
        let error =
            parse::<Vec<u32>>("tool", b"\nTraceback (most recent call last):\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the output of `tool` is not the JSON that it was asked for, it starts with `Traceback (most recent call last):`"
        );
        let error = parse::<Vec<u32>>("tool", b"").unwrap_err();
        assert!(error.to_string().ends_with(", it is empty"));
        assert!(!error.hints().is_empty());
    }
}
