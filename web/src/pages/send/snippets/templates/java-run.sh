java -javaagent:opentelemetry-javaagent.jar -jar app.jar
