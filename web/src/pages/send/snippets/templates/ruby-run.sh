rails server
