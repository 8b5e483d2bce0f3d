"""The admin panel: SQLAdmin's model views, behind the site's own door, rules, transactions and pages."""
