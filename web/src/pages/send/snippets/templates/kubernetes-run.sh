kubectl apply -f clew.yaml
