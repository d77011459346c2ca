use opentelemetry::{global, trace::Tracer};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::SdkTracerProvider;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let exporter = SpanExporter::builder().with_http().build()?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    global::set_tracer_provider(provider.clone());

    global::tracer("my-app").in_span("hello", |_context| println!("hello"));

    provider.shutdown()?; // sends what is left
    Ok(())
}
