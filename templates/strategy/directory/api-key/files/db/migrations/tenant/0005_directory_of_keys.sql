-- Lets a key be found before its tenant is known.
create trigger directory
after insert or update of id or delete on api_keys
for each row execute function platform.note_in_directory('api key', 'id');
