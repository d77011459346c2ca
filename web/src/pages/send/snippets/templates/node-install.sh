npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node
