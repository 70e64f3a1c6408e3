//! Tests that drive the public interface only.
