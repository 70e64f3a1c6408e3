//! What the fakes of this kit have to show.

use super::{Channel, EvidenceSink, LeakSource};
use crate::{MemoryFs, RecordingBrowser, RecordingObserver, ScriptedHttp, ScriptedProcess, ScriptedResolver};

/// URLs and headers; bodies are where secrets belong.
impl LeakSource for ScriptedHttp {
    fn evidence(&self, sink: &mut EvidenceSink) {
        for (number, request) in self.requests().iter().enumerate() {
            let place = format!("request {}, {} {}", number + 1, request.method(), request.path());
            sink.add(Channel::Url, place.clone(), request.url());
            for (name, value) in &request.request().headers {
                sink.header(&place, name.as_str(), value.as_bytes());
            }
            sink.add(Channel::Debug, place, format!("{:?}", request.request()));
        }
    }
}

/// Arguments and environments. What the script lets a program print is the test's own.
impl LeakSource for ScriptedProcess {
    fn evidence(&self, sink: &mut EvidenceSink) {
        for request in self.runs() {
            let program = request.program.to_string_lossy().into_owned();
            sink.add(Channel::Argv, program.clone(), program.clone());
            for arg in &request.args {
                sink.add(Channel::Argv, program.clone(), arg.as_encoded_bytes());
            }
            for (name, value) in &request.env {
                let place = format!("{program}, variable {}", name.to_string_lossy());
                sink.add(Channel::Environ, program.clone(), name.as_encoded_bytes());
                sink.add(Channel::Environ, place, value.as_encoded_bytes());
            }
        }
    }
}

impl LeakSource for ScriptedResolver {
    fn evidence(&self, sink: &mut EvidenceSink) {
        for name in self.asked() {
            sink.add(Channel::Url, "a name that was looked up", name);
        }
    }
}

impl LeakSource for RecordingBrowser {
    fn evidence(&self, sink: &mut EvidenceSink) {
        for url in self.urls() {
            sink.add(Channel::Url, "a page that was opened", url);
        }
    }
}

impl LeakSource for RecordingObserver {
    fn evidence(&self, sink: &mut EvidenceSink) {
        for event in self.events() {
            sink.add(Channel::Metric, format!("{:?}", event.kind), event.credential);
        }
    }
}

/// Files and their names. Files that the test puts there with a secret in them have to be allowed.
impl LeakSource for MemoryFs {
    fn evidence(&self, sink: &mut EvidenceSink) {
        for path in self.paths() {
            sink.file(&path, self.contents(&path).unwrap_or_default());
        }
    }
}
