-- Lets a domain be found before its tenant is known.
create trigger directory
after insert or update of name or delete on domains
for each row execute function platform.note_in_directory('domain', 'name');
