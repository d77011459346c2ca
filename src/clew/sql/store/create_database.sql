create database if not exists {name:Identifier}
