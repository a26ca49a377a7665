{{ leat_new_rows('catalogue') }}
