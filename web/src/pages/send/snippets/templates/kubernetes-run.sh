kubectl apply -f clew-secret.yaml{{when key}}
kubectl apply -f clew.yaml
